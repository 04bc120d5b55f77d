from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.metrics.base import Metric, Statistics, predicted_classes, true_classes


class Accuracy(Metric):
    """Share of the rows whose predicted class is the right one."""

    task: ClassVar[Literal["numbers", "classes"]] = "classes"

    def statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        right = np.count_nonzero(predicted_classes(y, threshold) == true_classes(target))
        return np.array([right, len(y)], dtype=np.float64)

    def row_statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        right = predicted_classes(y, threshold) == true_classes(target)
        return np.stack([right, np.ones(len(y))], axis=1)

    def result(self, statistics: Statistics) -> float:
        right, rows = statistics
        return float(right / rows)
