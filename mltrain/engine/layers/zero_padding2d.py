from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers._windows import Pair, image_shape
from mltrain.engine.layers.base import Buffers, Layer, ShapeError

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value

Width = Annotated[int, Meta(ge=0)]


class ZeroPadding2d(Layer):
    """Puts rows and columns of zeros around an image.

    Input ``(rows, height, width, channels)``, or ``(rows, height, width)`` for grey images.
    """

    example_input: ClassVar[Shape] = (2, 3, 2)
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"padding": [1, 2]}, {"padding": [0, 1, 2, 0]})

    padding: Annotated[
        Width | tuple[Width, ...],
        Meta(description="zeros on every side; or above and below, left and right; or top, bottom, left, right"),
    ] = 1

    def pads(self) -> tuple[Pair, Pair]:
        """Zeros above and below, and on the left and right. Raises `ShapeError`."""
        lengths = (self.padding,) * 2 if isinstance(self.padding, int) else self.padding
        match lengths:
            case [down, across]:
                return (down, down), (across, across)
            case [top, bottom, left, right]:
                return (top, bottom), (left, right)
        raise ShapeError(f"expected 1, 2 or 4 numbers, got {len(lengths)}", "padding")

    def output_shape(self, input_shape: Shape) -> Shape:
        height, width, channels = image_shape("zero_padding2d", input_shape)
        (top, bottom), (left, right) = self.pads()
        return (top + height + bottom, left + width + right, channels)

    def inside(self, padded: Any, input_shape: Shape) -> Any:
        """The part of padded images where the images are."""
        height, width, _ = image_shape("zero_padding2d", input_shape)
        (top, _), (left, _) = self.pads()
        return padded[:, top : top + height, left : left + width]

    def forward(self, at: Buffers) -> None:
        at.y[...] = 0
        inside = self.inside(at.y, at.x.shape[1:])
        np.copyto(inside, at.x.reshape(inside.shape))

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.padding(steps.reshape(xs[0], image_shape("zero_padding2d", xs[0].shape)), self.pads())

    def backward(self, at: Buffers) -> None:
        inside = self.inside(at.dy, at.dx.shape[1:])
        np.copyto(at.dx.reshape(inside.shape), inside)
