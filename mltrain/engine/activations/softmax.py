from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mltrain.engine.activations.base import Activation
from mltrain.engine.arrays import Floats, largest_of_rows
from mltrain.engine.layers.base import Buffers

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Softmax(Activation):
    """``exp(x) / sum(exp(x))`` over the last axis: turns scores into probabilities that add up to 1."""

    element_wise: ClassVar[bool] = False

    def output_range(self) -> tuple[float, float]:
        return 0, 1

    def forward(self, at: Buffers) -> None:
        softmax(at.x, at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.softmax(xs[0])

    def backward(self, at: Buffers) -> None:
        weighted = np.sum(at.dy * at.y, axis=-1, keepdims=True)
        np.subtract(at.dy, weighted, out=at.dx)
        np.multiply(at.dx, at.y, out=at.dx)


def softmax(x: Floats, y: Floats) -> tuple[Floats, Floats]:
    """Write the probabilities for the scores ``x`` into ``y``; ``x`` may be ``y``.

    Returns the largest score of each row, and the sum of exp of all scores less that: ``(..., 1)``. The logarithm of a
    probability is its score less the largest less the logarithm of the sum, also where the probability itself is 0.
    """
    largest = largest_of_rows(x)
    # Subtracting it changes nothing but keeps exp from overflowing.
    np.subtract(x, largest, out=y)
    np.exp(y, out=y)
    total = np.add.reduce(y, axis=-1, keepdims=True)
    np.divide(y, total, out=y)
    return largest, total
