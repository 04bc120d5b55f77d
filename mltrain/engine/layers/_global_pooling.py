"""Global pooling: a whole image or sequence becomes one number a channel."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class GlobalPooling(Layer):
    """What all global poolings share. A member says which shape its input has."""

    reduce: ClassVar[Literal["maximum", "mean"]]

    def image(self, input_shape: Shape) -> tuple[int, int, int]:
        """Height, width and channels. Raises `ShapeError` where the input cannot be taken."""
        raise NotImplementedError

    def output_shape(self, input_shape: Shape) -> Shape:
        return (self.image(input_shape)[2],)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        image = self.image(xs[0].shape)
        window = (image[0], image[1])
        y = steps.pooling(steps.reshape(xs[0], image), self.reduce, window, (1, 1), ((0, 0), (0, 0)))
        return steps.reshape(y, self.output_shape(xs[0].shape))

    def places(self, array: Floats, channels: int) -> Floats:
        """Images or sequences as ``(rows, places, channels)``."""
        return array.reshape(len(array), -1, channels)


class GlobalAveragePooling(GlobalPooling):
    """The mean of each channel."""

    reduce: ClassVar[Literal["maximum", "mean"]] = "mean"

    def forward(self, at: Buffers) -> None:
        x = self.places(at.x, at.y.shape[1])
        np.add.reduce(x, axis=1, out=at.y)
        np.multiply(at.y, 1 / x.shape[1], out=at.y)

    def backward(self, at: Buffers) -> None:
        dx = self.places(at.dx, at.dy.shape[1])
        np.multiply(at.dy[:, None], 1 / dx.shape[1], out=dx)


class GlobalMaxPooling(GlobalPooling):
    """The largest number of each channel. Its gradient goes to the first place that has it."""

    takes_maximum: ClassVar[bool] = True
    reduce: ClassVar[Literal["maximum", "mean"]] = "maximum"

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"place": ArraySpec(self.output_shape(input_shape), dtype=np.intp)}

    def forward(self, at: Buffers) -> None:
        x = self.places(at.x, at.y.shape[1])
        np.max(x, axis=1, out=at.y)
        if at.training:
            for one, place in zip(x, at.saved["place"], strict=True):  # NumPy copies what it searches along this axis
                np.argmax(one, axis=0, out=place)

    def backward(self, at: Buffers) -> None:
        dx = self.places(at.dx, at.dy.shape[1])
        dx[...] = 0
        np.put_along_axis(dx, at.saved["place"][:, None], at.dy[:, None], axis=1)
