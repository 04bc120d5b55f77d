from typing import Annotated, Any, ClassVar

from msgspec import Meta

from mltrain.engine.arrays import Shape
from mltrain.engine.layers._pooling import AveragePooling
from mltrain.engine.layers._windows import Lengths, Windows, image_shape, pair


class AveragePooling2d(AveragePooling):
    """The mean of each window of an image, channel by channel: a smaller image.

    Input ``(rows, height, width, channels)``, or ``(rows, height, width)`` for grey images.
    """

    example_input: ClassVar[Shape] = (5, 6, 2)
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {},
        {"pool_size": 3, "strides": [1, 2], "padding": "same"},
        {"pool_size": [2, 3]},
    )

    pool_size: Annotated[Lengths, Meta(description="height and width of a window, or one number for both")] = 2
    strides: Annotated[
        Lengths | None, Meta(description="distance from one window to the next; by default the size of a window")
    ] = None

    def windows(self, input_shape: Shape) -> Windows:
        image, size = image_shape("average_pooling2d", input_shape), pair(self.pool_size)
        return Windows(image, size, size if self.strides is None else pair(self.strides), self.padding)

    def output_shape(self, input_shape: Shape) -> Shape:
        windows = self.windows(input_shape)
        windows.check("average_pooling2d", "pool_size")
        return (*windows.output, windows.image[2])
