import math

import numpy as np

from mltrain.engine.activations.base import Activation
from mltrain.engine.arrays import Shape
from mltrain.engine.layers.base import ArraySpec, Buffers


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

    def backward(self, at: Buffers) -> None:
        # The slope is the sigmoid of x, which is 1 - exp(-y).
        slope = at.saved["slope"]
        np.negative(at.y, out=slope)
        np.expm1(slope, out=slope)
        np.negative(slope, out=slope)
        np.multiply(at.dy, slope, out=at.dx)
