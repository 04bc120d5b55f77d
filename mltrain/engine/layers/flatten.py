from typing import ClassVar

from mltrain.engine.arrays import Shape, size
from mltrain.engine.layers.base import Layer


class Flatten(Layer):
    """Lays each row out as one line of numbers: an image of 28 x 28 becomes 784 numbers, row after row."""

    reshapes: ClassVar[bool] = True
    example_input: ClassVar[Shape] = (3, 4)

    def output_shape(self, input_shape: Shape) -> Shape:
        return (size(input_shape),)
