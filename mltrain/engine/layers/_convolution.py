"""Convolution over blocks of rows: copy all windows of a block into a matrix, and multiply that by the kernel.

The copy (im2col) and the product take turns on blocks that stay in the cache. The gradient of the kernel needs the same
matrix, which is copied again rather than kept: keeping it would take ten times the memory of the images.
"""

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, NamedTuple

import numpy as np
from msgspec import Meta

from mltrain.engine.activations.base import Activation
from mltrain.engine.activations.linear import Linear
from mltrain.engine.arrays import Floats, Shape, size
from mltrain.engine.blocked_matmul import tall_matmul
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.initializers.glorot_uniform import GlorotUniform
from mltrain.engine.initializers.zeros import Zeros
from mltrain.engine.layers._convolution_gradients import InputGradient, KernelGradient
from mltrain.engine.layers._windows import ConvolutionPadding, Pair, Windows
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

BLOCK_BYTES = 3_000_000
"""The size of a block: small enough that its matrix is still in a cache when it is read. From 2 to 4 MB there is little
difference; with smaller blocks the calls take longer than is won."""

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
        return WindowMatrix(self.windows(input_shape), self.filters).scratch()

    def multiplications(self, input_shape: Shape) -> int:
        windows = self.windows(input_shape)
        return size(windows.output) * size(windows.size) * windows.image[2] * self.filters

    def stages(self) -> tuple[Layer, ...]:
        return (self,) if isinstance(self.activation, Linear) else (self, self.activation)

    def with_pooling(self, pooling: Layer, input_shape: Shape) -> Layer | None:
        from mltrain.engine.layers._pooled_convolution import PooledConvolution

        return PooledConvolution.of(self, pooling, input_shape)

    def forward(self, at: Buffers) -> None:
        matrix = WindowMatrix(self.windows(at.x.shape[1:]), self.filters)
        kernel, y = at.parameters["kernel"].reshape(-1, self.filters), at.y.reshape(len(at.y), -1, self.filters)
        for block, columns in matrix.blocks(at):
            tall_matmul(columns, kernel, out=y[block].reshape(-1, self.filters))
        if self.use_bias:
            np.add(at.y, at.parameters["bias"], out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        windows = self.windows(xs[0].shape)
        kernel = parameters["kernel"].reshape(*windows.size, -1, self.filters)
        image = steps.reshape(xs[0], windows.image)
        y = steps.convolution(image, kernel, parameters.get("bias"), windows.strides, windows.pads)
        return steps.reshape(y, self.output_shape(xs[0].shape))

    def backward(self, at: Buffers) -> None:
        dy = at.dy.reshape(len(at.dy), -1, self.filters)
        matrix = WindowMatrix(self.windows(at.x.shape[1:]), self.filters)
        self.compute_gradients(matrix, at, lambda block: dy[block].reshape(-1, self.filters))

    def compute_gradients(self, matrix: "WindowMatrix", at: Buffers, slopes: Callable[[slice], Floats]) -> None:
        """Compute ``at.gradients`` and ``at.dx``.

        ``slopes`` returns the gradient of the product of a block, as the matrix has its windows. The gradient of the
        bias is the sum of ``at.dy``: of an output that no window of the matrix is for, it is 0.
        """
        if self.trainable and self.use_bias:
            np.dot(at.saved["ones"].reshape(-1), at.dy.reshape(-1, self.filters), out=at.gradients["bias"])
        of_kernel = KernelGradient(at, self.filters) if self.trainable else None
        of_input = matrix.input_gradient if at.needs_dx else None
        if of_input is not None:
            of_input.begin(at)
        for block, columns in matrix.blocks(at, copy=self.trainable):
            slope = slopes(block)
            if of_kernel is not None:
                of_kernel.add(columns, slope)
            if of_input is not None:
                matrix.copy_as_image(slope, of_input.slopes(at, block.stop - block.start))
                of_input.add(at, block)


class WindowMatrix(NamedTuple):
    """The windows of some rows as a matrix, ``(rows * windows, numbers of a window)``, block by block.

    With ``planes`` of 2 and 3, the matrix begins with every second window down and every third one across, for all rows
    of the block; what a pooling of 2 x 3 compares then lies in six parts of the product, one behind the other.
    """

    windows: Windows
    filters: int
    planes: Pair = (1, 1)

    @property
    def block_rows(self) -> int:
        """How many rows of a batch a block has."""
        row = _FLOAT * size(self.windows.output) * (self._width + self.filters)
        return max(1, BLOCK_BYTES // row)

    @property
    def input_gradient(self) -> InputGradient:
        return InputGradient(self.windows, self.filters)

    def scratch(self) -> dict[str, ArraySpec]:
        windows, rows, channels = self.windows, self.block_rows, self.windows.image[2]
        count = rows * size(windows.output)
        arrays = {
            "columns": ArraySpec((count, self._width), per_row=False),
            **KernelGradient.scratch(windows, self.filters),
            **self.input_gradient.scratch(rows),
        }
        if windows.padded != windows.image[:2]:
            arrays["padded"] = ArraySpec((rows, *windows.padded, channels), per_row=False)
        return arrays

    def blocks(self, at: Buffers, *, copy: bool = True) -> Iterator[tuple[slice, Floats]]:
        """The blocks of ``at.x``, each with its matrix. Without ``copy`` the matrix holds nothing of use."""
        windows, padded = self.windows, at.scratch.get("padded")
        x = at.x.reshape(-1, *windows.image)
        (above, _), (left, _) = windows.pads
        height, width, channels = windows.image
        if padded is not None:
            padded[...] = 0
        for first in range(0, len(x), self.block_rows):
            rows = x[first : first + self.block_rows]
            block = slice(first, first + len(rows))
            if windows.size == windows.strides == self.planes == (1, 1):
                yield block, rows.reshape(-1, channels)
                continue
            columns = at.scratch["columns"][: len(rows) * size(windows.output)]
            if copy and padded is not None:
                padded[: len(rows), above : above + height, left : left + width] = rows
                rows = padded[: len(rows)]
            yield block, self._copied(rows, columns) if copy else columns

    def copy_as_image(self, product: Floats, image: Floats) -> None:
        """Copy the numbers of each window to where it lies in the image: ``(rows, down, across, filters)``."""
        (rows, down, across, filters), (height, width) = image.shape, self.planes
        apart = image.reshape(rows, down // height, height, across // width, width, filters)  # a view
        in_planes = apart.transpose(2, 4, 0, 1, 3, 5)
        np.copyto(in_planes, product.reshape(in_planes.shape))

    @property
    def _width(self) -> int:
        return size(self.windows.size) * self.windows.image[2]

    def _copied(self, images: Floats, columns: Floats) -> Floats:
        views = self.windows.views(images, self.planes)
        if self.windows.image[2] > 1:
            np.copyto(columns.reshape(views.shape), views)
            return columns
        # One number at a time would be copied from grey images. Row by row of the transposed matrix there are many.
        views = np.moveaxis(views, (5, 6), (0, 1))
        np.copyto(columns.reshape(views.shape), views)
        return columns.reshape(-1, len(columns)).T
