import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from mltrain.engine.activations.base import Activation
from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers.base import ArraySpec, Buffers

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Softplus(Activation):
    """``log(1 + exp(x))``: a relu without the corner, and always above 0.

    Dugas et al. 2000, https://proceedings.neurips.cc/paper/2000/hash/44968aece94f667e4095002d140b5896-Abstract.html
    """

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"slope": ArraySpec(input_shape)}

    def output_range(self) -> tuple[float, float]:
        return 0, math.inf

    def forward(self, at: Buffers) -> None:
        np.logaddexp(at.x, 0, out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.activation(xs[0], "softplus")

    def backward(self, at: Buffers) -> None:
        # The slope is the sigmoid of x, which is 1 - exp(-y).
        slope = at.saved["slope"]
        np.negative(at.y, out=slope)
        np.expm1(slope, out=slope)
        np.negative(slope, out=slope)
        np.multiply(at.dy, slope, out=at.dx)
