from typing import ClassVar

from mltrain.engine.arrays import Shape
from mltrain.engine.layers._global_pooling import GlobalMaxPooling
from mltrain.engine.layers._windows import sequence_shape


class GlobalMaxPooling1d(GlobalMaxPooling):
    """The largest number of each channel of a sequence: ``(rows, steps, channels)`` becomes ``(rows, channels)``."""

    example_input: ClassVar[Shape] = (4, 3)

    def image(self, input_shape: Shape) -> tuple[int, int, int]:
        return sequence_shape("global_max_pooling1d", input_shape)
