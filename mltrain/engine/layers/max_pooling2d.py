from typing import Any, ClassVar

from mltrain.engine.arrays import Shape
from mltrain.engine.layers._pooling import Maximum, Operation, Pooling2d


class MaxPooling2d(Pooling2d):
    """The largest number of each window of an image, channel by channel: a smaller image.

    Input ``(rows, height, width, channels)``, or ``(rows, height, width)`` for grey images.
    """

    operation: ClassVar[Operation] = Maximum()
    takes_maximum: ClassVar[bool] = True
    example_input: ClassVar[Shape] = (5, 6, 2)
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {},
        {"pool_size": 3, "strides": [1, 2], "padding": "same"},
        {"pool_size": [2, 3]},
    )
