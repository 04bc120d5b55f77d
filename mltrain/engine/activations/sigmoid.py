from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mltrain.engine.activations.base import Activation
from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers.base import ArraySpec, Buffers

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Sigmoid(Activation):
    """``1 / (1 + exp(-x))``: squeezes any number into 0..1, which a binary classifier reads as a probability."""

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"slope": ArraySpec(input_shape)}

    def output_range(self) -> tuple[float, float]:
        return 0, 1

    def forward(self, at: Buffers) -> None:
        sigmoid(at.x, at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.activation(xs[0], "sigmoid")

    def backward(self, at: Buffers) -> None:
        slope = at.saved["slope"]
        np.subtract(1, at.y, out=slope)
        np.multiply(slope, at.y, out=slope)
        np.multiply(at.dy, slope, out=at.dx)


def sigmoid(x: Floats, y: Floats) -> None:
    """Write the probabilities for ``x`` into ``y``; ``x`` may be ``y``."""
    # exp may overflow to infinity, whose reciprocal is the right answer: 0.
    np.negative(x, out=y)
    np.exp(y, out=y)
    np.add(y, 1, out=y)
    np.reciprocal(y, out=y)
