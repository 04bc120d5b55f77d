"""Makes batches from rows: shuffled, gathered, scaled and split.

Rows are gathered a window at a time: as many batches as stay in the processor's cache, so that a small network does not
pay for a gather at every step, and a large one never has more than one batch of images as floats.
"""

from collections.abc import Iterator
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.preprocessing import Scaling
from mltrain.engine.arrays import Floats, Shape, size
from mltrain.engine.layers.base import WHOLE, BatchShare

WINDOW_BYTES, WINDOW_BATCHES = 262_144, 64


class Batch(NamedTuple):
    """Views of the window: preprocessed rows, their targets, and a buffer for the outputs.

    Where they are only some rows of a batch, ``share`` says which.
    """

    x: Floats
    target: npt.NDArray[Any]
    y: Floats
    share: BatchShare = WHOLE


class Window:
    """A few batches of rows, gathered together. ``x`` is float32 or bytes, and scaled as it is gathered.

    An epoch has batches of ``batch_size`` rows and then, if rows are left over, a shorter one. ``batches`` are views of
    the window's memory, which every gather fills anew: full ones first, the short one last.
    """

    def __init__(
        self,
        x: npt.NDArray[Any],
        target: npt.NDArray[Any],
        output_shape: Shape,
        scaling: Scaling,
        *,
        batch_size: int,
    ):
        whole, rest = divmod(len(target), batch_size)
        short = rest or None
        self._source, self._source_target, self._scaling = x, target, scaling
        self._batch_size, self._whole, self.steps = batch_size, whole, whole + (short is not None)
        row_bytes = 4 * (size(x.shape[1:]) + size(output_shape))
        self._fitting = max(1, min(WINDOW_BATCHES, WINDOW_BYTES // max(1, row_bytes * batch_size), self.steps))
        rows = max(min(self._fitting, whole) * batch_size, whole % self._fitting * batch_size + (short or 0))
        self._raw = None if x.dtype == np.float32 else np.empty((rows, *x.shape[1:]), x.dtype)
        self.x: Floats = np.empty((rows, *x.shape[1:]), np.float32)
        self.target = np.empty((rows, *target.shape[1:]), target.dtype)
        self.y: Floats = np.empty((rows, *output_shape), np.float32)
        self.batches = [self._view(number * batch_size, batch_size) for number in range(min(self._fitting, whole))]
        if short is not None:
            self.batches.append(self._view(whole % self._fitting * batch_size, short))

    def _view(self, start: int, rows: int) -> Batch:
        part = slice(start, start + rows)
        return Batch(self.x[part], self.target[part], self.y[part])

    def fill(self, order: npt.NDArray[np.intp]) -> Iterator[tuple[int, list[int]]]:
        """Gather all rows in this order, window by window; yields each window's row count and ``batches``."""
        for first in range(0, self.steps, self._fitting):
            indices = order[first * self._batch_size : (first + self._fitting) * self._batch_size]
            rows = len(indices)
            x = self.x[:rows]
            # "clip" lets take write straight into its output; all indices are in range.
            raw = x if self._raw is None else self._raw[:rows]
            self._source.take(indices, 0, raw, "clip")
            self._scaling.apply(raw, x)
            self._source_target.take(indices, 0, self.target[:rows], "clip")
            batches = list(range(min(self._fitting, self._whole - first)))
            if self.steps > self._whole and first + self._fitting > self._whole:
                batches.append(len(self.batches) - 1)
            yield rows, batches
