"""Convolution over blocks of rows: copy all windows of a block into a matrix, and multiply that with the kernel.

The copy (im2col) and the product take turns on blocks that stay in the cache. The gradient of the kernel needs the same
matrix, which is copied again rather than kept: keeping it would take ten times the memory of the images.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated

import numpy as np
from msgspec import Meta

from mltrain.engine.activations.base import Activation
from mltrain.engine.activations.linear import Linear
from mltrain.engine.arrays import Floats, Shape, size
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.initializers.glorot_uniform import GlorotUniform
from mltrain.engine.initializers.zeros import Zeros
from mltrain.engine.layers._windows import BLOCK_BYTES, ConvolutionPadding, Windows
from mltrain.engine.layers.base import (
    ArraySpec,
    BiasInitializer,
    BiasRegularizer,
    Buffers,
    KernelRegularizer,
    Layer,
    Parameter,
    Trainable,
)

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value

_FLOAT = 4


class Convolution(Layer):
    """What the convolutions of sequences and of images share. A member says how windows lie over its input."""

    filters: Annotated[int, Meta(ge=1, description="number of kernels: the channels of the output")]
    padding: ConvolutionPadding = "valid"
    activation: Annotated[Activation, Meta(description="activation function of the outputs")] = Linear()
    use_bias: Annotated[bool, Meta(description="add a learned constant to each channel of the output")] = True
    kernel_initializer: Annotated[Initializer, Meta(description="first values of the kernels")] = GlorotUniform()
    bias_initializer: BiasInitializer = Zeros()
    kernel_regularizer: KernelRegularizer = None
    bias_regularizer: BiasRegularizer = None
    trainable: Trainable = True

    def windows(self, input_shape: Shape) -> Windows:
        """How windows lie over the input. Raises `ShapeError` where it cannot be taken."""
        raise NotImplementedError

    def kernel_shape(self, input_shape: Shape) -> Shape:
        raise NotImplementedError

    def parameters(self, input_shape: Shape) -> dict[str, Parameter]:
        shape = self.kernel_shape(input_shape)
        kernel = Parameter(shape, self.kernel_initializer, self.kernel_regularizer, self.trainable)
        bias = Parameter((self.filters,), self.bias_initializer, self.bias_regularizer, self.trainable)
        return {"kernel": kernel, "bias": bias} if self.use_bias else {"kernel": kernel}

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"ones": ArraySpec((size(self.windows(input_shape).output),), fill=1)} if self.use_bias else {}

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        windows = self.windows(input_shape)
        rows, width = _block_rows(windows, self.filters), size(windows.size) * windows.image[2]
        arrays = {
            "columns": ArraySpec((rows * size(windows.output), width), per_row=False),
            "kernel": ArraySpec((width, self.filters), per_row=False),
        }
        if windows.padded != windows.image[:2]:
            arrays["padded"] = ArraySpec((rows, *windows.padded, windows.image[2]), per_row=False)
        return arrays

    def multiplications(self, input_shape: Shape) -> int:
        windows = self.windows(input_shape)
        return size(windows.output) * size(windows.size) * windows.image[2] * self.filters

    def stages(self) -> tuple[Layer, ...]:
        return (self,) if isinstance(self.activation, Linear) else (self, self.activation)

    def forward(self, at: Buffers) -> None:
        windows = self.windows(at.x.shape[1:])
        kernel = at.parameters["kernel"].reshape(-1, self.filters)
        x, y = at.x.reshape(-1, *windows.image), at.y.reshape(len(at.y), -1, self.filters)
        for block, columns in _blocks(windows, x, at, self.filters):
            np.dot(columns, kernel, out=y[block].reshape(-1, self.filters))
        if self.use_bias:
            np.add(at.y, at.parameters["bias"], out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        windows = self.windows(xs[0].shape)
        kernel = parameters["kernel"].reshape(*windows.size, -1, self.filters)
        image = steps.reshape(xs[0], windows.image)
        y = steps.convolution(image, kernel, parameters.get("bias"), windows.strides, windows.pads)
        return steps.reshape(y, self.output_shape(xs[0].shape))

    def backward(self, at: Buffers) -> None:
        windows = self.windows(at.x.shape[1:])
        kernel = at.parameters["kernel"].reshape(-1, self.filters)
        x, dy = at.x.reshape(-1, *windows.image), at.dy.reshape(len(at.dy), -1, self.filters)
        if self.trainable:
            gradient, part = at.gradients["kernel"].reshape(-1, self.filters), at.scratch["kernel"]
            gradient[...] = 0
            if self.use_bias:
                np.dot(at.saved["ones"].reshape(-1), dy.reshape(-1, self.filters), out=at.gradients["bias"])
        if at.needs_dx:
            dx = at.dx.reshape(-1, *windows.image)
            dx[...] = 0
        for block, columns in _blocks(windows, x, at, self.filters, copy=self.trainable):
            slope = dy[block].reshape(-1, self.filters)
            if self.trainable:
                np.dot(columns.T, slope, out=part)
                np.add(gradient, part, out=gradient)
            if at.needs_dx:
                columns = at.scratch["columns"][: len(slope)]  # a 1 x 1 convolution has views of x here
                np.dot(slope, kernel.T, out=columns)
                _add_windows(windows, columns, dx[block])


def _block_rows(windows: Windows, filters: int) -> int:
    """How many rows of a batch to work on at a time."""
    row = _FLOAT * size(windows.output) * (size(windows.size) * windows.image[2] + filters)
    return max(1, BLOCK_BYTES // row)


def _blocks(
    windows: Windows, x: Floats, at: Buffers, filters: int, *, copy: bool = True
) -> Iterator[tuple[slice, Floats]]:
    """Blocks of rows with their windows as a matrix, ``(rows * windows, numbers of a window)``.

    Without ``copy`` the matrix holds nothing of use.
    """
    scratch, padded = at.scratch["columns"], at.scratch.get("padded")
    step = _block_rows(windows, filters)
    plain = windows.size == windows.strides == (1, 1)
    (above, _), (left, _) = windows.pads
    height, width, channels = windows.image
    if padded is not None:
        padded[...] = 0
    for first in range(0, len(x), step):
        rows = x[first : first + step]
        columns = scratch[: len(rows) * size(windows.output)]
        if plain:
            columns = rows.reshape(-1, channels)
        elif copy:
            if padded is not None:
                padded[: len(rows), above : above + height, left : left + width] = rows
                rows = padded[: len(rows)]
            views = windows.views(rows)
            np.copyto(columns.reshape(views.shape), views)
        yield slice(first, first + step), columns


def _add_windows(windows: Windows, columns: Floats, dx: Floats) -> None:
    """Add the gradients of all windows to those of the images that they were copied from (col2im)."""
    height, width = windows.size
    parts = columns.reshape(len(dx), *windows.output, height * width, dx.shape[3])
    for place, ((down, across), (rows, columns_of_x)) in enumerate(windows.taps()):
        image = dx[:, rows, columns_of_x]
        np.add(image, parts[:, down, across, place], out=image)
