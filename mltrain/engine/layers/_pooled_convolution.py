"""A convolution with the max pooling behind it in one step, so that its output is never in memory as a whole.

A block of rows is convolved in planes, one for each place in the windows of the pooling: the largest numbers are found
between whole planes. Outputs that the pooling leaves out, at the lower and right border, are not computed. The bias is
added to the largest numbers only.
"""

from typing import Any, Self

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats, Shape, size
from mltrain.engine.blocked_matmul import tall_matmul
from mltrain.engine.layers._convolution import Convolution, WindowMatrix
from mltrain.engine.layers._pooling import Pooling, note_larger
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer

_MOST_PLACES = 256
"""Places in a window are numbered by bytes."""


class PooledConvolution(Layer):
    """``pooling(convolution(x))``, where the windows of the pooling lie side by side."""

    convolution: Convolution
    pooling: Pooling

    @classmethod
    def of(cls, convolution: Convolution, pooling: Layer, input_shape: Shape) -> Self | None:
        """The two in one; None for a pooling of another kind."""
        if not isinstance(pooling, Pooling) or not pooling.takes_maximum:
            return None
        windows = pooling.windows(convolution.output_shape(input_shape))
        if windows.size != windows.strides or windows.padding != "valid" or size(windows.size) > _MOST_PLACES:
            return None
        return cls(convolution=convolution, pooling=pooling)

    def output_shape(self, input_shape: Shape) -> Shape:
        return self.pooling.output_shape(self.convolution.output_shape(input_shape))

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        outputs = size(self.output_shape(input_shape)) // self.convolution.filters
        return {
            "place": ArraySpec((outputs, self.convolution.filters), dtype=np.uint8),
            "ones": ArraySpec((outputs,), fill=1),
        }

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        matrix = self._matrix(input_shape)
        rows, filters = matrix.block_rows, self.convolution.filters
        places, outputs = size(matrix.planes), rows * size(matrix.windows.output) // size(matrix.planes)
        return matrix.scratch() | {
            "planes": ArraySpec((places * outputs * filters,), per_row=False),
            "is_larger": ArraySpec((outputs, filters), dtype=np.bool_, per_row=False),
            "number": ArraySpec((outputs, filters), dtype=np.uint8, per_row=False),
        }

    def forward(self, at: Buffers) -> None:
        matrix, filters = self._matrix(at.x.shape[1:]), self.convolution.filters
        kernel, y = at.parameters["kernel"].reshape(-1, filters), at.y.reshape(len(at.y), -1, filters)
        for block, columns in matrix.blocks(at):
            best = y[block].reshape(-1, filters)
            planes = _part(at.scratch["planes"], (size(matrix.planes), *best.shape))
            tall_matmul(columns, kernel, out=planes.reshape(-1, filters))
            np.copyto(best, planes[0])
            place = at.saved["place"][block].reshape(-1, filters) if at.training else None
            if place is not None:
                place[...] = 0
            for number, values in enumerate(planes[1:], 1):
                if place is not None:
                    is_larger, numbers = self._compared(at, len(best))
                    note_larger(values, best, number, place, is_larger, numbers)
                np.maximum(values, best, out=best)
        if self.convolution.use_bias:
            np.add(at.y, at.parameters["bias"], out=at.y)

    def backward(self, at: Buffers) -> None:
        matrix, filters = self._matrix(at.x.shape[1:]), self.convolution.filters
        dy = at.dy.reshape(len(at.dy), -1, filters)

        def slopes(block: slice) -> Floats:
            slope, place = dy[block].reshape(-1, filters), at.saved["place"][block].reshape(-1, filters)
            planes = _part(at.scratch["planes"], (size(matrix.planes), *slope.shape))
            for number, plane in enumerate(planes):
                is_here = np.equal(place, number, out=self._compared(at, len(slope))[0])
                np.multiply(is_here, slope, out=plane)
            return planes.reshape(-1, filters)

        self.convolution.compute_gradients(matrix, at, slopes)

    def _matrix(self, input_shape: Shape) -> WindowMatrix:
        pooled = self.pooling.windows(self.convolution.output_shape(input_shape))
        used = (pooled.output[0] * pooled.size[0], pooled.output[1] * pooled.size[1])
        windows = self.convolution.windows(input_shape)._replace(most=used)
        return WindowMatrix(windows, self.convolution.filters, pooled.size)

    def _compared(self, at: Buffers, outputs: int) -> tuple[npt.NDArray[np.bool_], npt.NDArray[Any]]:
        return at.scratch["is_larger"][:outputs], at.scratch["number"][:outputs]


def _part(scratch: Floats, shape: Shape) -> Floats:
    """The beginning of a flat scratch array, in a shape."""
    return scratch[: size(shape)].reshape(shape)
