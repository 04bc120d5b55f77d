from typing import Any, ClassVar

from mltrain.engine.arrays import Shape
from mltrain.engine.layers._pooling import Maximum, Operation, Pooling1d


class MaxPooling1d(Pooling1d):
    """The largest number of each window of a sequence, channel by channel: a shorter sequence.

    Input ``(rows, steps, channels)``, or ``(rows, steps)`` for one number a step.
    """

    operation: ClassVar[Operation] = Maximum()
    takes_maximum: ClassVar[bool] = True
    example_input: ClassVar[Shape] = (7, 2)
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"pool_size": 3, "strides": 2, "padding": "same"})
