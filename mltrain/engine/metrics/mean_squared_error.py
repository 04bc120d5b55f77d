from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.metrics.base import Metric, Statistics


class MeanSquaredError(Metric):
    """``mean((y - target)^2)``: how far off predictions are, squared, so that large errors count most."""

    aliases: ClassVar[tuple[str, ...]] = ("mse",)
    task: ClassVar[Literal["numbers", "classes"]] = "numbers"
    goal: ClassVar[Literal["higher", "lower"]] = "lower"

    def statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        errors = np.subtract(y, target, dtype=np.float64)
        return np.array([np.vdot(errors, errors), y.size])

    def row_statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        errors = np.square(np.subtract(y, target, dtype=np.float64)).sum(axis=1)
        return np.stack([errors, np.full(len(y), y.shape[1])], axis=1)

    def result(self, statistics: Statistics) -> float:
        total, count = statistics
        return float(total / count)
