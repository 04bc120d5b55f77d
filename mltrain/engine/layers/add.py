from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from mltrain.engine.arrays import Floats
from mltrain.engine.layers._merge import Merge, merge, write_gradient
from mltrain.engine.layers.base import Buffers

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Add(Merge):
    """The sum of several inputs, number by number: a connection that skips layers adds their input to their output.

    He et al. 2015, https://arxiv.org/abs/1512.03385
    """

    in_place: ClassVar[bool] = True
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"inputs": ["a", "b"]}, {"inputs": ["a", "b", "c", "d"]})

    def forward(self, at: Buffers) -> None:
        merge(np.add, at)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.add(*xs)

    def backward(self, at: Buffers) -> None:
        for dx in reversed(at.dxs):  # the first one may be dy
            if dx is not None:
                write_gradient(at.dy, dx)
