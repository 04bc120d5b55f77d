"""More than one number about how good predictions are: a line for each class, and how far off numbers are."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""Shares of the rows for which residuals are told: the least, the middle half, nine tenths, and the largest."""


class ClassQuality(NamedTuple):
    """How well one class is found. A ratio that would be 0 / 0 counts as 0."""

    precision: float
    recall: float
    f1: float
    rows: int


def class_qualities(confusion: npt.NDArray[np.int64]) -> list[ClassQuality]:
    """For each class of a confusion matrix ``[true, predicted]``.

    precision: of the rows taken for the class, the share that is of it; recall: of the rows of the class, the share
    that is taken for it; f1: their harmonic mean.
    """
    right, predicted, true = np.diag(confusion), confusion.sum(axis=0), confusion.sum(axis=1)
    ratios = [(right, predicted), (right, true), (2 * right, predicted + true)]
    shares = [np.divide(over, under, out=np.zeros(len(true)), where=under > 0) for over, under in ratios]
    return [
        ClassQuality(float(precision), float(recall), float(f1), int(rows))
        for precision, recall, f1, rows in zip(*shares, true, strict=True)
    ]


def residual_quantiles(y: npt.NDArray[Any], target: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Quantiles of ``prediction - target``, ``(quantiles, outputs)``, at the shares `QUANTILES`."""
    return np.quantile(y.astype(np.float64) - target, QUANTILES, axis=0)
