import numpy as np

from mltrain.engine.activations import Activation
from mltrain.engine.arrays import Shape
from mltrain.engine.layers import Buffers, Memory


class Sigmoid(Activation):
    """``1 / (1 + exp(-x))``: squeezes any number into 0..1, which a binary classifier reads as a probability."""

    def memory(self, input_shape: Shape) -> dict[str, Memory]:
        return {"slope": Memory(input_shape)}

    def output_range(self) -> tuple[float, float]:
        return 0, 1

    def forward(self, at: Buffers) -> None:
        # exp may overflow to infinity, whose reciprocal is the right answer: 0.
        np.negative(at.x, out=at.y)
        np.exp(at.y, out=at.y)
        np.add(at.y, 1, out=at.y)
        np.reciprocal(at.y, out=at.y)

    def backward(self, at: Buffers) -> None:
        slope = at.memory["slope"]
        np.subtract(1, at.y, out=slope)
        np.multiply(slope, at.y, out=slope)
        np.multiply(at.dy, slope, out=at.dx)
