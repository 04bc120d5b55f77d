from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.metrics.base import Metric, Statistics


class MeanAbsoluteError(Metric):
    """``mean(|y - target|)``: how far off a prediction is, in the target's own units."""

    aliases: ClassVar[tuple[str, ...]] = ("mae",)
    task: ClassVar[Literal["numbers", "classes"]] = "numbers"
    goal: ClassVar[Literal["higher", "lower"]] = "lower"

    def statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        return np.array([np.abs(y - target).sum(dtype=np.float64), y.size])

    def row_statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        return np.stack([np.abs(y - target).sum(axis=1, dtype=np.float64), np.full(len(y), y.shape[1])], axis=1)

    def result(self, statistics: Statistics) -> float:
        total, count = statistics
        return float(total / count)
