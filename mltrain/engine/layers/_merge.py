"""What layers of several inputs have in common."""

from collections.abc import Callable, Sequence
from typing import Any, ClassVar

import numpy as np

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers.base import Buffers, Layer, ShapeError, shape_text


class Merge(Layer):
    """A layer that merges two or more inputs number by number.

    Shapes are compared from their last axis, as in NumPy and Keras: an axis of length 1, or one that is missing, is
    repeated.
    """

    example_inputs: ClassVar[tuple[Shape, ...]] = ((2, 3), (2, 3), (1, 3), (3,))

    def merged_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        need_several(self, input_shapes)
        try:
            return np.broadcast_shapes(*input_shapes)
        except ValueError:
            raise ShapeError(
                f"{self.type_name()} needs inputs of one shape, but these are {shapes_text(input_shapes)}", "inputs"
            ) from None


def need_several(layer: Layer, input_shapes: Sequence[Shape]) -> None:
    """Raises `ShapeError` where there is nothing to merge."""
    if len(input_shapes) < 2:
        raise ShapeError(
            f"{layer.type_name()} merges two or more inputs; name them, as in 'inputs: [input, dense]'", "inputs"
        )


def shapes_text(shapes: Sequence[Shape]) -> str:
    """``28 x 28 and 10``."""
    *first, last = map(shape_text, shapes)
    return f"{', '.join(first)} and {last}"


def merge(operation: Callable[..., Any], at: Buffers) -> None:
    """Write the inputs, merged by an operation of two arrays, into ``at.y``, which may be the first of them."""
    first, second, *more = aligned(at)
    operation(first, second, out=at.y)
    for x in more:
        operation(at.y, x, out=at.y)


def aligned(at: Buffers) -> list[Floats]:
    """The inputs with as many axes as the output: the rows come first, and missing axes are of length 1."""
    return [x.reshape(len(x), *(1,) * (at.y.ndim - x.ndim), *x.shape[1:]) for x in at.xs]


def write_gradient(gradient: Floats, dx: Floats) -> None:
    """Write a gradient of the output's shape into that of an input, which may be the same array.

    Where numbers of the input were repeated, their gradients add up.
    """
    shape = (len(dx), *(1,) * (gradient.ndim - dx.ndim), *dx.shape[1:])
    repeated = tuple(axis for axis, length in enumerate(shape) if length < gradient.shape[axis])
    if repeated:
        np.add.reduce(gradient, axis=repeated, keepdims=True, out=dx.reshape(shape))
    else:
        np.copyto(dx.reshape(shape), gradient)
