"""The gradients of a convolution's kernel and of its input, added up over the blocks of a batch.

The gradient of the input is a convolution, too: of the gradient of the outputs with the kernel turned round. The caller
writes the gradient of a block's outputs to ``slopes``. There are two ways from there to ``dx``:

    by rows of the kernel      windows of 1 x width over the slopes, times a row of the kernel; added to rows of dx
    by places of the kernel    the slopes, times the weights at one place; added to the numbers of dx at this place

By rows, the products are fewer and larger. But they are computed for all columns of the image: where there are much
fewer outputs than columns, because of strides or of wide kernels without padding, most of them would be of zeros.
"""

from typing import NamedTuple

import numpy as np

from mltrain.engine.arrays import Floats, size
from mltrain.engine.blocked_matmul import tall_matmul
from mltrain.engine.layers._windows import Windows
from mltrain.engine.layers.base import ArraySpec, Buffers

_MOST_COLUMNS = 1.25
"""By rows as long as the image has at most so many times as many columns as there are outputs across."""


class KernelGradient:
    """``columns.T @ slope``, summed over all blocks."""

    def __init__(self, at: Buffers, filters: int):
        self._sum = at.gradients["kernel"].reshape(-1, filters)
        self._of_block = at.scratch["kernel"]
        self._sum[...] = 0

    @staticmethod
    def scratch(windows: Windows, filters: int) -> dict[str, ArraySpec]:
        return {"kernel": ArraySpec((size(windows.size) * windows.image[2], filters), per_row=False)}

    def add(self, columns: Floats, slope: Floats) -> None:
        """Add that of a block; ``slope`` is the gradient of the product: ``(rows * windows, filters)``."""
        tall_matmul(columns.T, slope, out=self._of_block)
        np.add(self._sum, self._of_block, out=self._sum)


class InputGradient(NamedTuple):
    """The gradient of the input, block by block."""

    windows: Windows
    filters: int

    @property
    def by_rows(self) -> bool:
        (_, across), (_, width, _) = self.windows.output, self.windows.image
        return self.windows.strides[1] == 1 and width <= _MOST_COLUMNS * across

    def scratch(self, rows: int) -> dict[str, ArraySpec]:
        """For blocks of so many ``rows`` of a batch."""
        (height, width), (down, across) = self.windows.size, self.windows.output
        filters, channels = self.filters, self.windows.image[2]
        arrays = {"turned": (height, width, filters, channels)}
        if self.by_rows:
            columns = self.windows.image[1]
            arrays["slopes"] = (rows, down, columns + width - 1, filters)
            arrays["beside"] = (rows, down, columns, width * filters)
            arrays["product"] = (rows, down, columns, channels)
        else:
            arrays["slopes"] = (rows, down, across, filters)
            arrays["product"] = (rows, down, across, channels)
        return {name: ArraySpec(shape, per_row=False) for name, shape in arrays.items()}

    def begin(self, at: Buffers) -> None:
        """Prepare the scratch arrays for the blocks of a batch."""
        turned = at.scratch["turned"]
        height, width, filters, channels = turned.shape
        kernel = at.parameters["kernel"].reshape(height, width, channels, filters).swapaxes(2, 3)
        np.copyto(turned, kernel[:, ::-1] if self.by_rows else kernel)
        if self.by_rows:
            at.scratch["slopes"][...] = 0

    def slopes(self, at: Buffers, rows: int) -> Floats:
        """Where the gradient of a block's outputs is to be written: ``(rows, down, across, filters)``."""
        slopes = at.scratch["slopes"][:rows]
        if not self.by_rows:
            return slopes
        margin = self.windows.size[1] - 1 - self.windows.pads[1][0]
        return slopes[:, :, margin : margin + self.windows.output[1]]

    def add(self, at: Buffers, block: slice) -> None:
        """Compute that of a block from its slopes."""
        dx = at.dx.reshape(-1, *self.windows.image)[block]
        dx[...] = 0
        if self.by_rows:
            self._add_rows(at, dx)
        else:
            self._add_places(at, dx)

    def _add_rows(self, at: Buffers, dx: Floats) -> None:
        slopes, beside, product = (at.scratch[name][: len(dx)] for name in ("slopes", "beside", "product"))
        width = self.windows.size[1]
        windows = Windows((*slopes.shape[1:],), (1, width), (1, 1), "valid").views(slopes)
        np.copyto(beside.reshape(windows.shape), windows)
        for place, row in enumerate(at.scratch["turned"]):
            tall_matmul(beside.reshape(-1, beside.shape[-1]), _flat(row), out=_flat(product))
            outputs, rows = self.windows.meet(0, place)
            image = dx[:, rows]
            np.add(image, product[:, outputs], out=image)

    def _add_places(self, at: Buffers, dx: Floats) -> None:
        slopes, product = at.scratch["slopes"][: len(dx)], at.scratch["product"][: len(dx)]
        weights = at.scratch["turned"].reshape(-1, *at.scratch["turned"].shape[2:])
        for weight, ((down, across), (rows, columns)) in zip(weights, self.windows.taps(), strict=True):
            tall_matmul(_flat(slopes), weight, out=_flat(product))
            image = dx[:, rows, columns]
            np.add(image, product[:, down, across], out=image)


def _flat(array: Floats) -> Floats:
    """As a matrix: the last axis, and all others."""
    return array.reshape(-1, array.shape[-1])
