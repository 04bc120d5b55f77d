from typing import Annotated, Any, ClassVar

from msgspec import Meta

from mltrain.engine.arrays import Shape
from mltrain.engine.layers._pooling import MaxPooling
from mltrain.engine.layers._windows import Length, Windows, sequence_shape


class MaxPooling1d(MaxPooling):
    """The largest number of each window of a sequence, channel by channel: a shorter sequence.

    Input ``(rows, steps, channels)``, or ``(rows, steps)`` for one number a step.
    """

    example_input: ClassVar[Shape] = (7, 2)
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"pool_size": 3, "strides": 2, "padding": "same"})

    pool_size: Annotated[Length, Meta(description="steps of a window")] = 2
    strides: Annotated[
        Length | None, Meta(description="distance from one window to the next; by default the size of a window")
    ] = None

    def windows(self, input_shape: Shape) -> Windows:
        image = sequence_shape("max_pooling1d", input_shape)
        return Windows(image, (1, self.pool_size), (1, self.strides or self.pool_size), self.padding)

    def output_shape(self, input_shape: Shape) -> Shape:
        windows = self.windows(input_shape)
        windows.check("max_pooling1d", "pool_size")
        return (windows.output[1], windows.image[2])
