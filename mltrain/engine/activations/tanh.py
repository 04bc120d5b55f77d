from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mltrain.engine.activations.base import Activation
from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers.base import ArraySpec, Buffers

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Tanh(Activation):
    """The hyperbolic tangent: squeezes any number into -1..1, smoothly, with slope 1 at 0."""

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"slope": ArraySpec(input_shape)}

    def output_range(self) -> tuple[float, float]:
        return -1, 1

    def forward(self, at: Buffers) -> None:
        np.tanh(at.x, out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.activation(xs[0], "tanh")

    def backward(self, at: Buffers) -> None:
        slope = at.saved["slope"]
        np.multiply(at.y, at.y, out=slope)
        np.subtract(1, slope, out=slope)
        np.multiply(at.dy, slope, out=at.dx)
