"""The base of precision, recall and f1: counts of each class, and a mean over the classes."""

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.class_scores import class_scores
from mltrain.engine.metrics.base import Metric, Statistics, predicted_classes, true_classes


class PerClass(Metric):
    """A score of one class, made of three counts; of two classes, that of class 1; of more, the mean over the classes.

    A score that would be 0 / 0 counts as 0, and a class that is neither predicted nor true anywhere is left out of the
    mean, as in scikit-learn (``average="binary"`` and ``"macro"`` with ``zero_division=0``).
    """

    task: ClassVar[Literal["numbers", "classes"]] = "classes"

    def statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        """Three rows, one column a class: how often it was predicted rightly, predicted, and true."""
        classes = max(2, y.shape[1])
        predicted, true = predicted_classes(y, threshold), true_classes(target)
        rows = (predicted[predicted == true], predicted, true)
        return np.array([np.bincount(row, minlength=classes) for row in rows], dtype=np.float64)

    def row_statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        classes = np.arange(max(2, y.shape[1]))
        predicted, true = (
            numbers[:, None] == classes for numbers in (predicted_classes(y, threshold), true_classes(target))
        )
        return np.stack([predicted & true, predicted, true], axis=1).astype(np.float64)

    def result(self, statistics: Statistics) -> float:
        _, predicted, true = statistics
        scores = getattr(class_scores(*statistics), self.type_name())
        return float(scores[1] if len(scores) == 2 else scores[predicted + true > 0].mean())
