"""Precision, recall and F1 of each class, and the confusion matrix that they come from."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Counts = npt.NDArray[np.int64]


class ClassScores(NamedTuple):
    """Scores of each class, ``(classes,)``, from 0 to 1.

    precision: of the rows predicted to be of the class, the share that are; recall: of the rows of the class, the share
    predicted to be; f1: their harmonic mean.
    """

    precision: npt.NDArray[np.float64]
    recall: npt.NDArray[np.float64]
    f1: npt.NDArray[np.float64]


def class_scores(
    right: npt.NDArray[Any], predicted: npt.NDArray[Any], true: npt.NDArray[Any], undefined: float = 0.0
) -> ClassScores:
    """Scores from counts of each class: rows predicted rightly, predicted, and true. 0 / 0 is ``undefined``."""
    ratios = [(right, predicted), (right, true), (2 * right, predicted + true)]
    return ClassScores(
        *(np.divide(over, under, out=np.full(len(true), undefined), where=under > 0) for over, under in ratios)
    )


def scores_of(confusion: Counts, undefined: float = 0.0) -> ClassScores:
    """Scores from a confusion matrix ``[true, predicted]``."""
    return class_scores(np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1), undefined)


def confusion_matrix(true: npt.NDArray[np.intp], predicted: npt.NDArray[np.intp], classes: int) -> Counts:
    """How many rows of each true class were predicted to be of each class, ``[true, predicted]``."""
    return np.bincount(true * classes + predicted, minlength=classes**2).reshape(classes, classes)
