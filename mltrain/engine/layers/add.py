from typing import Any, ClassVar

import numpy as np

from mltrain.engine.layers._merge import Merge, merge, write_gradient
from mltrain.engine.layers.base import Buffers


class Add(Merge):
    """The sum of several inputs, number by number: a connection that skips layers adds their input to their output.

    He et al. 2015, https://arxiv.org/abs/1512.03385
    """

    in_place: ClassVar[bool] = True
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"inputs": ["a", "b"]}, {"inputs": ["a", "b", "c", "d"]})

    def forward(self, at: Buffers) -> None:
        merge(np.add, at)

    def backward(self, at: Buffers) -> None:
        for dx in reversed(at.dxs):  # the first one may be dy
            if dx is not None:
                write_gradient(at.dy, dx)
