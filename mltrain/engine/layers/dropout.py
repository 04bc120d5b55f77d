from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.engine.arrays import Shape, size
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer
from mltrain.errors import OptionError

_LIMITS = 2**16
"""Sixteen random bits decide for each number whether it is dropped; they set the rate to within 1/65536."""


class Dropout(Layer):
    """Sets a random share of its inputs to zero in each training step, so that no neuron may rely on a single other.

    Inverted dropout: remaining numbers are scaled by ``1 / (1 - rate)``, so that nothing changes outside of training.
    Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html
    """

    element_wise: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
    training_only: ClassVar[bool] = True
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"rate": 0.3},)

    rate: Annotated[float, Meta(ge=0, lt=1, description="share of the inputs that is dropped")]

    def __post_init__(self) -> None:
        if self.rate and self._limit in (0, _LIMITS):
            what = "all" if self._limit else "nothing"
            raise OptionError(("rate",), f"{self.rate!r} drops {what}: shares are whole 65536ths")

    @property
    def _limit(self) -> int:
        """The random bits of numbers that are dropped are below it."""
        return round(self.rate * _LIMITS)

    def pitfall(self, input_shape: Shape) -> str | None:
        width = size(input_shape)
        kept = width * (1 - self.rate)
        return f"keeps {kept:.2g} of {width:,} numbers on average" if kept < 1 else None

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"scale": ArraySpec(input_shape)}

    def forward(self, at: Buffers) -> None:
        scale = at.saved["scale"]
        np.greater_equal(self.bits(at), self._limit, out=scale)
        np.multiply(scale, 1 / (1 - self.rate), out=scale)
        np.multiply(at.x, scale, out=at.y)

    def bits(self, at: Buffers) -> npt.NDArray[np.uint16]:
        """What decides for each number of rows whether it is dropped."""
        return at.random_bits(at.x.shape[1:])

    def backward(self, at: Buffers) -> None:
        np.multiply(at.dy, at.saved["scale"], out=at.dx)
