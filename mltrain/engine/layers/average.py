from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mltrain.engine.arrays import Floats
from mltrain.engine.layers._merge import Merge, merge, write_gradient
from mltrain.engine.layers.base import Buffers

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Average(Merge):
    """The mean of several inputs, number by number."""

    in_place: ClassVar[bool] = True
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"inputs": ["a", "b"]}, {"inputs": ["a", "b", "c", "d"]})

    def forward(self, at: Buffers) -> None:
        merge(np.add, at)
        np.multiply(at.y, 1 / len(at.xs), out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.affine(steps.add(*xs), multiply=1 / len(xs))

    def backward(self, at: Buffers) -> None:
        for dx in reversed(at.dxs):  # the first one may be dy
            if dx is not None:
                write_gradient(at.dy, dx)
                np.multiply(dx, 1 / len(at.xs), out=dx)
