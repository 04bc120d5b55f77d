import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.engine.activations.base import Activation
from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers.base import ArraySpec, Buffers

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Elu(Activation):
    """``x`` where x is above 0, else ``alpha * (exp(x) - 1)``: a relu that bends smoothly towards ``-alpha``.

    Clevert, Unterthiner and Hochreiter 2016, https://arxiv.org/abs/1511.07289
    """

    in_place: ClassVar[bool] = False
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"alpha": 0.5})

    alpha: Annotated[float, Meta(ge=0, description="how far below 0 the output can fall")] = 1.0

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"is_positive": ArraySpec(input_shape, dtype=np.bool_)}

    def output_range(self) -> tuple[float, float]:
        return -self.alpha, math.inf

    def forward(self, at: Buffers) -> None:
        np.minimum(at.x, 0, out=at.y)
        np.expm1(at.y, out=at.y)
        np.multiply(at.y, self.alpha, out=at.y)
        np.copyto(at.y, at.x, where=_positive(at))

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.activation(xs[0], "elu", alpha=self.alpha)

    def backward(self, at: Buffers) -> None:
        # Below 0 the slope is alpha exp(x), which is y + alpha.
        np.add(at.y, self.alpha, out=at.dx)
        np.copyto(at.dx, 1, where=_positive(at))
        np.multiply(at.dx, at.dy, out=at.dx)


def _positive(at: Buffers) -> npt.NDArray[np.bool_]:
    return np.greater(at.x, 0, out=at.scratch["is_positive"])
