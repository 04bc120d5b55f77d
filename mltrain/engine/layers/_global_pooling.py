"""Global pooling: a whole image or sequence becomes one number a channel."""

from typing import ClassVar

import numpy as np

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer


class GlobalPooling(Layer):
    """What all global poolings share. A member says which shape its input has."""

    def image(self, input_shape: Shape) -> tuple[int, int, int]:
        """Height, width and channels. Raises `ShapeError` where the input cannot be taken."""
        raise NotImplementedError

    def output_shape(self, input_shape: Shape) -> Shape:
        return (self.image(input_shape)[2],)

    def places(self, array: Floats, channels: int) -> Floats:
        """Images or sequences as ``(rows, places, channels)``."""
        return array.reshape(len(array), -1, channels)


class GlobalAveragePooling(GlobalPooling):
    """The mean of each channel."""

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

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"place": ArraySpec(self.output_shape(input_shape), dtype=np.intp)}

    def forward(self, at: Buffers) -> None:
        x = self.places(at.x, at.y.shape[1])
        np.max(x, axis=1, out=at.y)
        if at.training:
            np.argmax(x, axis=1, out=at.saved["place"])

    def backward(self, at: Buffers) -> None:
        dx = self.places(at.dx, at.dy.shape[1])
        dx[...] = 0
        np.put_along_axis(dx, at.saved["place"][:, None], at.dy[:, None], axis=1)
