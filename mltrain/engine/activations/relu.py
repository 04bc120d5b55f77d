import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from mltrain.engine.activations.base import Activation
from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers.base import ArraySpec, Buffers

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Relu(Activation):
    """``max(x, 0)``: passes positive numbers; others become 0. The usual choice between dense layers."""

    commutes_with_maximum: ClassVar[bool] = True

    def output_range(self) -> tuple[float, float]:
        return 0, math.inf

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"is_positive": ArraySpec(input_shape, dtype=np.bool_)}

    def forward(self, at: Buffers) -> None:
        np.maximum(at.x, _zeros(at.x.shape[-1]), out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.activation(xs[0], "relu")

    def backward(self, at: Buffers) -> None:
        is_positive = np.greater(at.y, 0, out=at.scratch["is_positive"])
        np.multiply(at.dy, is_positive, out=at.dx)


@cache
def _zeros(width: int) -> Floats:
    """Zeros to compare a row with: NumPy has a faster loop for rows than for a single number."""
    return np.zeros(width, np.float32)
