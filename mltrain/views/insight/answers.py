"""The predictions of a model on held-out rows, with the true classes or numbers."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.engine.class_scores import Counts, confusion_matrix
from mltrain.engine.metrics.base import predicted_classes, true_classes
from mltrain.explain.calibration import Calibration, calibration
from mltrain.inference.model import Model
from mltrain.job import split_to_evaluate
from mltrain.runs.held_out import held_out_predictions
from mltrain.runs.saved_run import HELD_OUT, OutOfFold, SavedRun
from mltrain.training.targets import encode
from mltrain.views.insight.fitted_curve import Numbers
from mltrain.views.insight.images import takes_images

Indices = npt.NDArray[np.intp]


@dataclass(frozen=True)
class ClassAnswers:
    """A classifier's predictions on one part of the rows. ``x`` is in the dataset's form; the others are ``(rows,)``.

    ``confidence`` is the probability of the predicted class or, for outputs that are not probabilities, the distance to
    the decision boundary.
    """

    split: str
    classes: tuple[str, ...]
    x: npt.NDArray[Any]
    true: Indices
    predicted: Indices
    confidence: Numbers
    are_probabilities: bool

    @property
    def confusion(self) -> Counts:
        """The confusion matrix: the number of rows by true and predicted class."""
        return confusion_matrix(self.true, self.predicted, len(self.classes))

    @property
    def calibration(self) -> Calibration:
        """How often the answers are right, by how sure they are; for answers that are probabilities."""
        return calibration(self.confidence, self.true == self.predicted, len(self.classes))

    @property
    def mistakes(self) -> Indices:
        """The misclassified rows, in descending order of confidence."""
        wrong = np.flatnonzero(self.true != self.predicted)
        return wrong[np.argsort(-self.confidence[wrong], kind="stable")]

    def named(self, row: int) -> str:
        """The predicted class of a row with its confidence: ``7 (98%)``, rounded down, so that only 1 is 100%."""
        name = self.classes[self.predicted[row]]
        return named(name, self.confidence[row]) if self.are_probabilities else name


@dataclass(frozen=True)
class NumberAnswers:
    """Predicted and true numbers, ``(rows * outputs,)`` each, of one part of the rows."""

    split: str
    true: Numbers
    predicted: Numbers


def class_answers(record: SavedRun) -> ClassAnswers:
    """The predictions of a classifier, one per position of a row. Raises `DataError` if the rows cannot be read."""
    model = record.model
    split, rows = split_to_evaluate(record.data)
    if split != "test" and record.out_of_fold is not None:
        return _out_of_fold(record, record.out_of_fold, rows.x[:0])
    loss, outputs = model.config.loss, model.network.output_shape[-1]
    y = model.predict(rows.x).reshape(-1, outputs)
    predicted, confidence = judged(model, y)
    true = true_classes(encode(loss, model.row_spec, outputs, rows)).ravel()
    x = np.repeat(rows.x, len(y) // len(rows.x), axis=0) if len(y) > len(rows.x) else rows.x
    return ClassAnswers(split, model.classes or (), x, true, predicted, confidence, model.gives_probabilities)


def _out_of_fold(record: SavedRun, held: OutOfFold, no_rows: npt.NDArray[Any]) -> ClassAnswers:
    """What each fold of a cross-validation says of the rows that it held out, which are not shown themselves."""
    model, predicted, confidence = record.model, held.predicted.ravel(), np.zeros(held.true.size)
    found = held_out_predictions(held, model, record.dataset, record.folder)
    if found is not None:
        predicted, confidence = judged(model, found.outputs.reshape(-1, model.network.output_shape[-1]))
    are_probabilities = found is not None and model.gives_probabilities
    return ClassAnswers(
        HELD_OUT, model.classes or (), no_rows, held.true.ravel(), predicted, confidence, are_probabilities
    )


def judged(model: Model, y: npt.NDArray[np.float32]) -> tuple[Indices, Numbers]:
    """The predicted class for each row of outputs, ``(rows, outputs)``, and its confidence as in `ClassAnswers`."""
    threshold = model.config.loss.threshold
    predicted = predicted_classes(y, threshold)
    if y.shape[1] == 1:
        second = y[:, 0].astype(np.float64)
        probabilities = model.gives_probabilities
        return predicted, np.where(predicted == 1, second, 1 - second) if probabilities else abs(second - threshold)
    ordered = np.sort(y.astype(np.float64), axis=1)
    return predicted, ordered[:, -1] if model.gives_probabilities else ordered[:, -1] - ordered[:, -2]


def named(name: str, probability: float) -> str:
    """``7 (98%)``: a class with its probability, rounded down, so that only 1 is 100%."""
    return f"{name} ({math.floor(probability * 100)}%)"


def said(model: Model, x: npt.NDArray[Any]) -> str:
    """The predicted class of one image or row, with its probability if there is one."""
    (predicted,), (confidence,) = judged(model, model.predict(x[None]))
    name = (model.classes or ())[predicted]
    return named(name, confidence) if model.gives_probabilities else name


def number_answers(record: SavedRun) -> NumberAnswers:
    """The predictions of a regression model. Raises `DataError` if the rows cannot be read."""
    split, rows = split_to_evaluate(record.data)
    if split != "test" and record.out_of_fold is not None:
        return NumberAnswers(HELD_OUT, record.out_of_fold.true.ravel(), record.out_of_fold.predicted.ravel())
    predicted = record.model.predict(rows.x).astype(np.float64).ravel()
    return NumberAnswers(split, rows.y.astype(np.float64).ravel(), predicted)


def first_weights(record: SavedRun) -> Numbers | None:
    """The weights of the first dense layer as images ``(units, height, width)``; None if rows are not images."""
    shape, network = record.model.row_spec.input_shape, record.model.network
    if not takes_images(record.model) or len(shape) != 2:
        return None
    for node in network.nodes:
        if kernel := node.parameters.get("kernel"):
            if kernel.shape[0] != shape[0] * shape[1] or len(kernel.shape) != 2:
                return None
            weights = network.arrays[f"{node.name}.kernel"].astype(np.float64)
            return weights.T.reshape(-1, *shape)
    return None
