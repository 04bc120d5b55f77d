from typing import Annotated, Any, ClassVar

from msgspec import Meta

from mltrain.engine.arrays import Shape
from mltrain.engine.layers._convolution import Convolution
from mltrain.engine.layers._windows import Length, Windows, sequence_shape


class Conv1d(Convolution):
    """Slides small kernels over a sequence; each output is the weighted sum of one window.

    Input ``(rows, steps, channels)``, or ``(rows, steps)`` for one number a step; output ``(rows, steps, filters)``;
    kernel ``(steps, channels, filters)``, as in Keras.
    """

    example_input: ClassVar[Shape] = (7, 2)
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"filters": 3, "kernel_size": 3, "activation": "relu"},
        {"filters": 2, "kernel_size": 4, "strides": 2, "padding": "same", "use_bias": False},
    )

    kernel_size: Annotated[Length, Meta(description="steps of a window")]
    strides: Annotated[Length, Meta(description="distance from one window to the next")] = 1

    def windows(self, input_shape: Shape) -> Windows:
        image = sequence_shape("conv1d", input_shape)
        return Windows(image, (1, self.kernel_size), (1, self.strides), self.padding)

    def output_shape(self, input_shape: Shape) -> Shape:
        windows = self.windows(input_shape)
        windows.check("conv1d", "kernel_size")
        return (windows.output[1], self.filters)

    def kernel_shape(self, input_shape: Shape) -> Shape:
        return (self.kernel_size, sequence_shape("conv1d", input_shape)[2], self.filters)
