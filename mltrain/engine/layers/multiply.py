from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mltrain.engine.arrays import Floats
from mltrain.engine.layers._merge import Merge, aligned, merge, write_gradient
from mltrain.engine.layers.base import Buffers

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Multiply(Merge):
    """The product of several inputs, number by number: one input can let the numbers of another pass, or not."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"inputs": ["a", "b"]}, {"inputs": ["a", "b", "c", "d"]})

    def forward(self, at: Buffers) -> None:
        merge(np.multiply, at)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.multiply(*xs)

    def backward(self, at: Buffers) -> None:
        xs = aligned(at)
        for index, dx in enumerate(at.dxs):
            if dx is None:
                continue
            first, *more = (x for other, x in enumerate(xs) if other != index)
            gradient = np.multiply(at.dy, first, out=dx if dx.shape == at.dy.shape else None)
            for x in more:
                np.multiply(gradient, x, out=gradient)
            if gradient is not dx:
                write_gradient(gradient, dx)
