import math

import numpy as np

from mltrain.engine.activations import Activation
from mltrain.engine.layers import Buffers


class Relu(Activation):
    """``max(x, 0)``: passes what is positive, and silences the rest. The usual choice between dense layers."""

    def output_range(self) -> tuple[float, float]:
        return 0, math.inf

    def forward(self, at: Buffers) -> None:
        np.maximum(at.x, 0, out=at.y)

    def backward(self, at: Buffers) -> None:
        np.multiply(at.dy, at.y > 0, out=at.dx)
