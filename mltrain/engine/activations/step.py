from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mltrain.engine.activations.base import Activation
from mltrain.engine.arrays import Floats
from mltrain.engine.layers.base import Buffers

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Step(Activation):
    """1 where the input is above 0, else 0: the perceptron's yes or no. Learns with the perceptron loss only.

    Its slope is 0, so that nothing before it learns, except where the perceptron loss is joined to it.
    Rosenblatt 1958, https://doi.org/10.1037/h0042519
    """

    reads_output: ClassVar[bool] = False

    def output_range(self) -> tuple[float, float]:
        return 0, 1

    def forward(self, at: Buffers) -> None:
        step(at.x, at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.activation(xs[0], "step")

    def backward(self, at: Buffers) -> None:
        at.dx.fill(0)


def step(x: Floats, y: Floats) -> None:
    """Write the answers for ``x`` into ``y``; ``x`` may be ``y``."""
    np.greater(x, 0, out=y)
