"""Computes metrics over many small blocks of outputs, as training has them."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats, size
from mltrain.engine.metrics.base import Metric, Statistics, results

_NUMBERS = 1 << 15
"""The number of outputs per computation of metrics: the overhead of a NumPy call exceeds the work for a small batch."""


class MetricAccumulator:
    """Buffers outputs and computes metrics on large blocks."""

    def __init__(self, metrics: Sequence[Metric], threshold: float):
        self._metrics, self._threshold = metrics, threshold
        self._found: list[list[Statistics]] = []
        self._kept: tuple[Floats, npt.NDArray[Any]] | None = None
        self._rows = 0

    def add(self, y: Floats, target: npt.NDArray[Any]) -> None:
        """Add a block of outputs ``(rows, outputs)`` and its targets."""
        if self._kept is None:
            most = max(len(y), _NUMBERS // size(y.shape[1:]))
            self._kept = np.empty((most, *y.shape[1:]), y.dtype), np.empty((most, *target.shape[1:]), target.dtype)
        kept_y, kept_target = self._kept
        if self._rows + len(y) > len(kept_y):
            self._look()
        rows = slice(self._rows, self._rows + len(y))
        kept_y[rows], kept_target[rows] = y, target
        self._rows = rows.stop

    def _look(self) -> None:
        if self._kept and self._rows:
            y, target = (kept[: self._rows] for kept in self._kept)
            self._found.append(statistics(self._metrics, y, target, self._threshold))
        self._rows = 0

    def results(self) -> dict[str, float]:
        """Each metric's value, by its name."""
        self._look()
        return results(self._metrics, self._found)


def statistics(metrics: Sequence[Metric], y: Floats, target: npt.NDArray[Any], threshold: float) -> list[Statistics]:
    """The sums of one block, by metric. Metrics treat each position of a row as a row."""
    if y.ndim > 2:
        target = target.reshape(-1, *target.shape[y.ndim - 1 :])
        y = y.reshape(-1, y.shape[-1])
    return [metric.statistics(y, target, threshold) for metric in metrics]
