"""The primitive operations that a trained network consists of: a small, closed set, which layers are expressed in.

Each layer says its own operations, in its own file (`Layer.inference`), so whoever runs or exports a network knows
these operations and no layer. Shapes are those of one row, without the batch axis. Images are ``(height, width,
channels)``; a sequence is an image of height 1. Constants are float32.

A `Step` is an operation with the names of the values that it reads and of the one that it makes. `StepBuilder` collects
steps, and has a method for each operation.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, fields
from typing import Any, ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Shape, size
from mltrain.errors import ConfigPath

Constant = npt.NDArray[np.float32]
Pair = tuple[int, int]
Pads = tuple[Pair, Pair]
"""How many numbers are added above and below, and on the left and right."""


@dataclass(frozen=True, eq=False)
class Operation:
    """What all operations have. ``name`` is the same word in every format."""

    name: ClassVar[str]

    def output_shape(self, *shapes: Shape) -> Shape:
        """The shape of the result for inputs of these shapes: that of the first, unless a member says otherwise."""
        return shapes[0]

    @property
    def constants(self) -> dict[str, Constant]:
        """The arrays of numbers that were learned, by name."""
        return {name: value for name, value in self._values() if isinstance(value, np.ndarray)}

    @property
    def attributes(self) -> dict[str, Any]:
        """Everything else by name: numbers, words, tuples of numbers."""
        return {name: value for name, value in self._values() if not isinstance(value, np.ndarray)}

    def _values(self) -> list[tuple[str, Any]]:
        return [(field.name, getattr(self, field.name)) for field in fields(self)]


@dataclass(frozen=True, eq=False)
class Matmul(Operation):
    """``x @ kernel + bias`` over the last axis: kernel ``(inputs, units)``, bias ``(units,)``."""

    name = "matmul"
    kernel: Constant
    bias: Constant

    def output_shape(self, *shapes: Shape) -> Shape:
        return (*shapes[0][:-1], len(self.bias))


@dataclass(frozen=True, eq=False)
class Windowed(Operation):
    """The base of what slides windows over an image: one every ``strides``, with ``pads`` around the image."""

    strides: Pair
    pads: Pads

    @property
    def window(self) -> Pair:
        """Height and width of a window."""
        raise NotImplementedError

    @property
    def channels(self) -> int | None:
        """The channels of the result; None for those of the input."""
        return None

    def output_shape(self, *shapes: Shape) -> Shape:
        lengths = [
            (length + sum(pads) - window) // stride + 1
            for length, pads, window, stride in zip(shapes[0][:2], self.pads, self.window, self.strides, strict=True)
        ]
        return (*lengths, shapes[0][2] if self.channels is None else self.channels)


@dataclass(frozen=True, eq=False)
class Weighted(Windowed):
    """The base of what multiplies a window by a kernel ``(height, width, ..., ...)``, and adds a bias."""

    kernel: Constant
    bias: Constant

    @property
    def window(self) -> Pair:
        return self.kernel.shape[0], self.kernel.shape[1]

    @property
    def channels(self) -> int:
        return len(self.bias)


@dataclass(frozen=True, eq=False)
class Convolution(Weighted):
    """Each output is the weighted sum of a window, plus a bias. Padding is zeros.

    kernel ``(height, width, channels, filters)``, bias ``(filters,)``; as in Keras, the kernel is not flipped.
    """

    name = "convolution"


@dataclass(frozen=True, eq=False)
class DepthwiseConvolution(Weighted):
    """A convolution of each channel by itself. Output channel ``channel * multiplier + m`` is kernel m of a channel.

    kernel ``(height, width, channels, multiplier)``, bias ``(channels * multiplier,)``; padding is zeros.
    """

    name = "depthwise_convolution"


@dataclass(frozen=True, eq=False)
class Pooling(Windowed):
    """The largest number, or the mean, of each window, channel by channel. Padding does not count in either."""

    name = "pooling"
    reduce: Literal["maximum", "mean"]
    size: Pair

    @property
    def window(self) -> Pair:
        return self.size


@dataclass(frozen=True, eq=False)
class Padding(Operation):
    """Zeros around an image."""

    name = "padding"
    pads: Pads

    def output_shape(self, *shapes: Shape) -> Shape:
        height, width, channels = shapes[0]
        return (height + sum(self.pads[0]), width + sum(self.pads[1]), channels)


@dataclass(frozen=True, eq=False)
class Affine(Operation):
    """``(x - subtract) * multiply + add``. Each constant is ``(1,)``, or one number for each place of the last axis.

    Scaling of inputs and targets and batch normalization are such operations.
    """

    name = "affine"
    subtract: Constant
    multiply: Constant
    add: Constant


@dataclass(frozen=True, eq=False)
class LayerNormalization(Operation):
    """``(x - mean) / sqrt(variance + epsilon) * gamma + beta``, mean and variance being those of the last axis."""

    name = "layer_normalization"
    gamma: Constant
    beta: Constant
    epsilon: float


@dataclass(frozen=True, eq=False)
class Embedding(Operation):
    """Row ``x[i]`` of the table ``(ids, width)`` for each x, which are whole numbers, though floats in a row of floats.

    An id that is not in the table is an error, or (in a format without errors) that of the nearest id.
    """

    name = "embedding"
    table: Constant

    def output_shape(self, *shapes: Shape) -> Shape:
        return (*shapes[0], self.table.shape[1])


@dataclass(frozen=True, eq=False)
class Add(Operation):
    """The sum of two or more inputs, whose shapes are compared from the last axis on, as in NumPy."""

    name = "add"

    def output_shape(self, *shapes: Shape) -> Shape:
        return np.broadcast_shapes(*shapes)


@dataclass(frozen=True, eq=False)
class Multiply(Operation):
    """The product of two or more inputs, number by number, of shapes as in `Add`."""

    name = "multiply"

    def output_shape(self, *shapes: Shape) -> Shape:
        return np.broadcast_shapes(*shapes)


@dataclass(frozen=True, eq=False)
class Concatenate(Operation):
    """Inputs side by side along an axis of a row, counted from 0."""

    name = "concatenate"
    axis: int

    def output_shape(self, *shapes: Shape) -> Shape:
        length = sum(shape[self.axis] for shape in shapes)
        return (*shapes[0][: self.axis], length, *shapes[0][self.axis + 1 :])


@dataclass(frozen=True, eq=False)
class Reshape(Operation):
    """The same numbers, in the same order, in another shape."""

    name = "reshape"
    shape: Shape

    def output_shape(self, *shapes: Shape) -> Shape:
        return self.shape


@dataclass(frozen=True, eq=False)
class Slice(Operation):
    """The numbers ``start`` to ``stop`` of a row of one axis."""

    name = "slice"
    start: int
    stop: int

    def output_shape(self, *shapes: Shape) -> Shape:
        return (self.stop - self.start,)


Function = Literal["relu", "leaky_relu", "elu", "gelu", "sigmoid", "tanh", "softplus", "step", "cos"]


@dataclass(frozen=True, eq=False)
class Activation(Operation):
    """A function of each number. ``slope`` is that below 0 of ``leaky_relu``; ``alpha`` the factor of ``elu``.

    relu: max(x, 0). leaky_relu: x above 0, else slope * x. elu: x above 0, else alpha * (exp(x) - 1).
    gelu: x * (1 + erf(x / sqrt(2))) / 2. sigmoid: 1 / (1 + exp(-x)). softplus: log(1 + exp(x)). step: 1 above 0,
    else 0. cos: the cosine of x in radians.
    """

    name = "activation"
    function: Function
    slope: float = 0.0
    alpha: float = 1.0


@dataclass(frozen=True, eq=False)
class Softmax(Operation):
    """``exp(x) / sum(exp(x))`` over the last axis. Subtract the largest x first: exp overflows otherwise."""

    name = "softmax"


OPERATIONS: tuple[type[Operation], ...] = (
    Matmul,
    Convolution,
    DepthwiseConvolution,
    Pooling,
    Padding,
    Affine,
    LayerNormalization,
    Embedding,
    Add,
    Multiply,
    Concatenate,
    Reshape,
    Slice,
    Activation,
    Softmax,
)
"""All operations that there are."""


class Value(NamedTuple):
    """A value on its way through a network: its name, and the shape of one row of it."""

    name: str
    shape: Shape


class Step(NamedTuple):
    """An operation, the values that it reads, and the one that it makes.

    ``layer`` is the name of the layer that it is a part of, ``path`` where the config has it; the path is empty for
    what is done before and after the network.
    """

    operation: Operation
    inputs: tuple[Value, ...]
    output: Value
    layer: str = ""
    path: ConfigPath = ()


class StepBuilder:
    """Collects steps. Each method adds an operation on values, and returns the value that it makes.

    What changes nothing adds no step: the result is the value that was given.
    """

    def __init__(self) -> None:
        self.steps: list[Step] = []
        self._layer, self._path = "", ConfigPath()
        self._names: set[str] = set()

    def input(self, name: str, shape: Shape) -> Value:
        """What the first steps read."""
        self._names.add(name)
        return Value(name, shape)

    def enter(self, layer: str, path: ConfigPath = ()) -> None:
        """Say which layer the next steps are a part of; values are named after it: ``dense``, ``dense.1``, ..."""
        self._layer, self._path = layer, path

    def add_step(self, operation: Operation, *inputs: Value) -> Value:
        """Add any operation."""
        shape = operation.output_shape(*(value.shape for value in inputs))
        name, count = self._layer, 1
        while name in self._names:
            name, count = f"{self._layer}.{count}", count + 1
        self._names.add(name)
        self.steps.append(Step(operation, inputs, Value(name, shape), self._layer, self._path))
        return self.steps[-1].output

    def matmul(self, x: Value, kernel: Any, bias: Any = None) -> Value:
        kernel = _float32(kernel)
        return self.add_step(Matmul(kernel, _bias(bias, kernel.shape[1])), x)

    def convolution(self, x: Value, kernel: Any, bias: Any, strides: Pair, pads: Pads) -> Value:
        kernel = _float32(kernel)
        return self.add_step(Convolution(strides, pads, kernel, _bias(bias, kernel.shape[3])), x)

    def depthwise_convolution(self, x: Value, kernel: Any, bias: Any, strides: Pair, pads: Pads) -> Value:
        kernel = _float32(kernel)
        outputs = kernel.shape[2] * kernel.shape[3]
        return self.add_step(DepthwiseConvolution(strides, pads, kernel, _bias(bias, outputs)), x)

    def pooling(self, x: Value, reduce: Literal["maximum", "mean"], window: Pair, strides: Pair, pads: Pads) -> Value:
        return self.add_step(Pooling(strides, pads, reduce, window), x)

    def padding(self, x: Value, pads: Pads) -> Value:
        return self.add_step(Padding(pads), x) if any(map(any, pads)) else x

    def affine(self, x: Value, *, subtract: Any = 0.0, multiply: Any = 1.0, add: Any = 0.0) -> Value:
        minus, factor, plus = (np.atleast_1d(_float32(constant)) for constant in (subtract, multiply, add))
        if not minus.any() and (factor == 1).all() and not plus.any():
            return x
        return self.add_step(Affine(minus, factor, plus), x)

    def layer_normalization(self, x: Value, gamma: Any, beta: Any, epsilon: float) -> Value:
        width = x.shape[-1]
        learned = np.ones(width, np.float32) if gamma is None else _float32(gamma)
        return self.add_step(LayerNormalization(learned, _bias(beta, width), epsilon), x)

    def embedding(self, x: Value, table: Any) -> Value:
        return self.add_step(Embedding(_float32(table)), x)

    def add(self, *xs: Value) -> Value:
        return self.add_step(Add(), *xs)

    def multiply(self, *xs: Value) -> Value:
        return self.add_step(Multiply(), *xs)

    def concatenate(self, xs: Sequence[Value], axis: int) -> Value:
        return self.add_step(Concatenate(axis), *xs)

    def reshape(self, x: Value, shape: Shape) -> Value:
        assert size(shape) == size(x.shape)
        return x if shape == x.shape else self.add_step(Reshape(shape), x)

    def slice(self, x: Value, start: int, stop: int) -> Value:
        return x if (start, stop) == (0, x.shape[0]) else self.add_step(Slice(start, stop), x)

    def activation(self, x: Value, function: Function, *, slope: float = 0.0, alpha: float = 1.0) -> Value:
        return self.add_step(Activation(function, slope, alpha), x)

    def softmax(self, x: Value) -> Value:
        return self.add_step(Softmax(), x)


def multiplications(step: Step) -> int:
    """About how many multiplications a step takes for a row."""
    operation, outputs = step.operation, size(step.output.shape)
    match operation:
        case Matmul():
            return outputs * operation.kernel.shape[0]
        case Convolution():
            return outputs * math.prod(operation.kernel.shape[:3])
        case DepthwiseConvolution():
            return outputs * math.prod(operation.window)
        case _:
            return 0


def _float32(values: Any) -> Constant:
    return np.array(values, np.float32)


def _bias(bias: Any, width: int) -> Constant:
    return np.zeros(width, np.float32) if bias is None else _float32(bias)
