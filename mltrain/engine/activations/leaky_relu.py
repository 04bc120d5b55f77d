import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.engine.activations.base import Activation
from mltrain.engine.arrays import Floats
from mltrain.engine.layers.base import Buffers

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class LeakyRelu(Activation):
    """``x`` where x is above 0, else ``negative_slope * x``: a relu whose silenced neurons can still learn.

    Maas, Hannun and Ng 2013, https://ai.stanford.edu/~amaas/papers/relu_hybrid_icml2013_final.pdf
    """

    in_place: ClassVar[bool] = False
    reads_output: ClassVar[bool] = False
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"negative_slope": 0.01})

    negative_slope: Annotated[float, Meta(ge=0, le=1, description="factor on inputs below 0")] = 0.3

    def output_range(self) -> tuple[float, float]:
        return (-math.inf if self.negative_slope else 0), math.inf

    def forward(self, at: Buffers) -> None:
        # A slope of at most 1 makes the larger of the two the right one on both sides of 0.
        np.multiply(at.x, self.negative_slope, out=at.y)
        np.maximum(at.x, at.y, out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.activation(xs[0], "leaky_relu", slope=self.negative_slope)

    def backward(self, at: Buffers) -> None:
        np.greater(at.x, 0, out=at.dx)
        np.maximum(at.dx, self.negative_slope, out=at.dx)
        np.multiply(at.dx, at.dy, out=at.dx)
