from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.metrics.base import Metric, Statistics


class R2(Metric):
    """Share of the targets' variance that predictions explain: 1 is perfect, 0 no better than always saying the mean.

    The mean over all outputs of ``1 - sum((target - y)^2) / sum((target - mean(target))^2)``. Where all targets of an
    output are the same, there is nothing to explain: it counts as 1 where every prediction is exact, else as 0, as in
    scikit-learn.
    """

    task: ClassVar[Literal["numbers", "classes"]] = "numbers"

    def statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        """Four rows, one column an output: number of rows, mean target, squared deviations from it, squared errors."""
        count = np.full(y.shape[1], len(y), np.float64)
        mean = target.mean(axis=0, dtype=np.float64)
        errors = np.subtract(y, target, dtype=np.float64)
        return np.stack((count, mean, np.square(target - mean).sum(axis=0), np.square(errors).sum(axis=0)))

    def row_statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        """Four rows, one column an output: 1, deviation from the mean of all rows, its square, squared error."""
        deviations = target - target.mean(axis=0, dtype=np.float64)
        errors = np.subtract(y, target, dtype=np.float64)
        return np.stack((np.ones_like(deviations), deviations, np.square(deviations), np.square(errors)), axis=1)

    def from_sums(self, sums: Statistics) -> Statistics:
        count, total, squares, errors = sums
        return np.stack((count, total / count, np.maximum(squares - np.square(total) / count, 0), errors))

    def merge(self, one: Statistics, other: Statistics) -> Statistics:
        # Sums of squares would cancel where targets lie far from 0 but close together; deviations from the mean do not.
        # Chan, Golub and LeVeque 1983, https://doi.org/10.1080/00031305.1983.10483115
        merged = one + other
        count = merged[0]
        apart = other[1] - one[1]
        merged[1] = one[1] + apart * other[0] / count
        merged[2] += apart**2 * one[0] * other[0] / count
        return merged

    def result(self, statistics: Statistics) -> float:
        _, _, deviations, errors = statistics
        constant = deviations == 0
        explained = 1 - errors / np.where(constant, 1, deviations)
        return float(np.where(constant, errors == 0, explained).mean())
