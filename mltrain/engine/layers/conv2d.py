from typing import Annotated, Any, ClassVar

from msgspec import Meta

from mltrain.engine.arrays import Shape
from mltrain.engine.layers._convolution import Convolution
from mltrain.engine.layers._windows import Lengths, Windows, image_shape, pair


class Conv2d(Convolution):
    """Slides small kernels over an image; each output is the weighted sum of one window: ``conv2d(x, kernel) + bias``.

    Input ``(rows, height, width, channels)``, or ``(rows, height, width)`` for grey images; output ``(rows, height,
    width, filters)``; kernel ``(height, width, channels, filters)``, as in Keras. LeCun et al. 1989.
    """

    example_input: ClassVar[Shape] = (6, 5, 2)
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"filters": 3, "kernel_size": 3, "activation": "relu"},
        {"filters": 2, "kernel_size": [3, 2], "strides": 2, "padding": "same", "use_bias": False},
        {"filters": 4, "kernel_size": 1},
    )

    kernel_size: Annotated[Lengths, Meta(description="height and width of a window, or one number for both")]
    strides: Annotated[Lengths, Meta(description="distance from one window to the next, down and across")] = 1

    def windows(self, input_shape: Shape) -> Windows:
        image = image_shape("conv2d", input_shape)
        return Windows(image, pair(self.kernel_size), pair(self.strides), self.padding)

    def output_shape(self, input_shape: Shape) -> Shape:
        windows = self.windows(input_shape)
        windows.check("conv2d", "kernel_size")
        return (*windows.output, self.filters)

    def kernel_shape(self, input_shape: Shape) -> Shape:
        return (*pair(self.kernel_size), image_shape("conv2d", input_shape)[2], self.filters)
