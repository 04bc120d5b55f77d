from typing import ClassVar

from mltrain.engine.arrays import Shape
from mltrain.engine.layers._global_pooling import GlobalMaxPooling
from mltrain.engine.layers._windows import image_shape


class GlobalMaxPooling2d(GlobalMaxPooling):
    """The largest number of each channel of an image: ``(rows, height, width, channels)``
    becomes ``(rows, channels)``.
    """

    example_input: ClassVar[Shape] = (3, 4, 2)

    def image(self, input_shape: Shape) -> tuple[int, int, int]:
        return image_shape("global_max_pooling2d", input_shape)
