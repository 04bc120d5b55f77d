import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mltrain.engine.activations._normal import cumulative
from mltrain.engine.activations.base import Activation
from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers.base import ArraySpec, Buffers

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Gelu(Activation):
    """``x`` times the share of a normal distribution below x: a smooth relu that dips a little below 0.

    The exact form, ``x * (1 + erf(x / sqrt(2))) / 2``. Hendrycks and Gimpel 2016, https://arxiv.org/abs/1606.08415
    """

    in_place: ClassVar[bool] = False
    reads_output: ClassVar[bool] = False

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"share": ArraySpec(input_shape)}

    def output_range(self) -> tuple[float, float]:
        return -0.17, math.inf  # the dip is lowest at -0.7518, where it is -0.16997

    def forward(self, at: Buffers) -> None:
        cumulative(at.x, out=at.y)
        np.multiply(at.y, at.x, out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.activation(xs[0], "gelu")

    def backward(self, at: Buffers) -> None:
        # The slope is the share below x plus x times the normal density at x.
        share = at.saved["share"]
        cumulative(at.x, out=share)
        np.multiply(at.x, at.x, out=at.dx)
        np.multiply(at.dx, -0.5, out=at.dx)
        np.exp(at.dx, out=at.dx)
        np.multiply(at.dx, 1 / math.sqrt(2 * math.pi), out=at.dx)
        np.multiply(at.dx, at.x, out=at.dx)
        np.add(at.dx, share, out=at.dx)
        np.multiply(at.dx, at.dy, out=at.dx)
