"""The loss and the metrics of outputs that were computed before, such as the mean of several networks."""

from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mltrain.backends.base import Evaluation
from mltrain.data.base import Split
from mltrain.engine.arrays import Floats
from mltrain.engine.class_scores import confusion_matrix
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric, predicted_classes, true_classes
from mltrain.errors import DataError
from mltrain.training.targets import misfit, target_scaling

if TYPE_CHECKING:
    from mltrain.inference.model import Model

_LARGEST_LOGIT = 88.0
"""exp of more is no float32."""


class Predictions:
    """What a model says of some ``rows``, and what is true of them.

    ``outputs`` ``(rows, *output_shape)``, in the units of the dataset, are given where the rows were predicted before,
    as those of folds; of such rows only ``y`` is used.
    """

    def __init__(self, model: "Model", rows: Split, outputs: Floats | None = None):
        self.model, self.rows, self._outputs = model, rows, outputs

    def __len__(self) -> int:
        return len(self.rows.y)

    @cached_property
    def outputs(self) -> Floats:
        return self.model.outputs(self.rows.x) if self._outputs is None else self._outputs

    @cached_property
    def target(self) -> npt.NDArray[Any]:
        """The targets in the form of the loss. Raises `DataError` for some that the loss cannot take."""
        model = self.model
        if (wrong := misfit(self.loss, model.row_spec, model.network.output_shape[-1], self.rows)) is not None:
            raise DataError(wrong)
        return model.target(self.rows)

    @property
    def loss(self) -> Loss:
        return self.model.config.loss

    @property
    def before_activation(self) -> Floats:
        """What the loss computes with: see `Loss.fused_activation`. Numbers are scaled as the network learned them."""
        scaling = target_scaling(self.loss, self.model.preprocessing)
        return _before_activation(self.loss, self.outputs if scaling.is_identity else scaling.applied(self.outputs))

    @property
    def flat(self) -> tuple[Floats, npt.NDArray[Any]]:
        """Outputs and targets in the units of the dataset, ``(rows * positions, ...)`` each, for metrics."""
        return _flat(self.outputs), target_scaling(self.loss, self.model.preprocessing).undone(self._flat_target)

    @property
    def is_right(self) -> npt.NDArray[np.bool_]:
        """Of classes: whether each answer is right, ``(rows * positions,)``."""
        right: npt.NDArray[np.bool_] = self._predicted == true_classes(self._flat_target).ravel()
        return right

    @property
    def confusion(self) -> npt.NDArray[np.int64] | None:
        """The confusion matrix ``[true, predicted]``, if there are classes."""
        if self.model.classes is None:
            return None
        return confusion_matrix(true_classes(self._flat_target).ravel(), self._predicted, len(self.model.classes))

    def row_losses(self) -> npt.NDArray[np.float64]:
        """The loss of each row, ``(rows,)``, without the penalty of regularizers."""
        z = _flat(self.before_activation)
        y = np.empty_like(z) if self.loss.fused_activation else z
        losses = self.loss.per_element(z, y, self._flat_target, np.empty_like(z))
        return losses.reshape(len(self), -1).mean(axis=1, dtype=np.float64)

    @property
    def _predicted(self) -> npt.NDArray[np.intp]:
        return predicted_classes(_flat(self.outputs), self.loss.threshold)

    @property
    def _flat_target(self) -> npt.NDArray[Any]:
        return self.target.reshape(-1, *self.target.shape[self.outputs.ndim - 1 :])


def score(found: Predictions, metrics: Sequence[Metric]) -> Evaluation:
    """Evaluate predictions. The loss is that of scaled targets, with the penalty of the model's regularizers."""
    z, loss = found.before_activation, found.loss
    y, target = found.flat
    return Evaluation(
        loss.mean(z, np.empty_like(z) if loss.fused_activation else z, found.target, np.empty_like(z))
        + found.model.penalty,
        {metric.type_name(): metric.result(metric.statistics(y, target, loss.threshold)) for metric in metrics},
        found.confusion,
    )


def _flat(y: Floats) -> Floats:
    return y.reshape(-1, y.shape[-1])


def _before_activation(loss: Loss, y: Floats) -> Floats:
    """Inputs of the loss's fused activation that give the outputs ``y``; ``y`` itself where there is none."""
    if loss.fused_activation is None:
        return y
    if loss.fused_activation == "step":
        return y - np.float32(loss.threshold)
    with np.errstate(divide="ignore"):
        exact = y.astype(np.float64)
        z = np.log(exact) if loss.fused_activation == "softmax" else np.log(exact) - np.log1p(-exact)
    return np.clip(z, -_LARGEST_LOGIT, _LARGEST_LOGIT).astype(np.float32)
