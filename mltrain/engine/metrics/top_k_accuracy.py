from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.engine.arrays import Floats
from mltrain.engine.metrics.base import Metric, Statistics, true_classes


class TopKAccuracy(Metric):
    """Share of the rows whose right class is among the ``k`` with the largest outputs.

    Where outputs are equal, the class with the lower number comes first; so k = 1 gives the accuracy.
    """

    task: ClassVar[Literal["numbers", "classes"]] = "classes"
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"k": 2})

    k: Annotated[int, Meta(ge=1, description="how many guesses each row has")] = 5

    def statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        return np.array([np.count_nonzero(self._right(y, target, threshold)), len(y)], dtype=np.float64)

    def row_statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        return np.stack([self._right(y, target, threshold), np.ones(len(y))], axis=1)

    def _right(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> npt.NDArray[np.bool_]:
        """Whether the right class of each row is among the guesses."""
        # A single output says 1 where it is above the threshold: as if class 0 had the threshold for its output.
        outputs = y if y.shape[1] > 1 else np.hstack((np.full_like(y, threshold), y))
        true = true_classes(target)[:, None]
        own = np.take_along_axis(outputs, true, axis=1)
        # The negated comparison ranks a NaN above all other outputs, so that a NaN never counts as right.
        ahead = ~(outputs <= own) | ((outputs == own) & (np.arange(outputs.shape[1]) < true))
        found: npt.NDArray[np.bool_] = ahead.sum(axis=1) < self.k
        return found

    def result(self, statistics: Statistics) -> float:
        right, rows = statistics
        return float(right / rows)
