from typing import ClassVar

import numpy as np

from mltrain.engine.activations import Activation
from mltrain.engine.arrays import largest_of_rows
from mltrain.engine.layers import Buffers


class Softmax(Activation):
    """``exp(x) / sum(exp(x))`` over the last axis: turns scores into probabilities that add up to 1."""

    element_wise: ClassVar[bool] = False

    def output_range(self) -> tuple[float, float]:
        return 0, 1

    def forward(self, at: Buffers) -> None:
        # Subtracting the largest score changes nothing but keeps exp from overflowing.
        np.subtract(at.x, largest_of_rows(at.x), out=at.y)
        np.exp(at.y, out=at.y)
        np.divide(at.y, np.add.reduce(at.y, axis=-1, keepdims=True), out=at.y)

    def backward(self, at: Buffers) -> None:
        weighted = np.sum(at.dy * at.y, axis=-1, keepdims=True)
        np.subtract(at.dy, weighted, out=at.dx)
        np.multiply(at.dx, at.y, out=at.dx)
