from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta
from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer
from mltrain.errors import OptionError


class Constant(Initializer):
    """Values that you give: one number for all, or an array of the parameter's own shape."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"value": 0.5}, {"value": [[0.1, -0.2], [0.3, 0.4]]})

    value: Annotated[
        float | list[Any], Meta(description="a number, or an array of the right shape: a kernel is inputs x units")
    ]

    def __post_init__(self) -> None:
        try:
            finite = bool(np.isfinite(np.array(self.value, dtype=np.float64)).all())
        except (ValueError, TypeError):
            raise OptionError(("value",), "expected a number, or rows of numbers, all of one length") from None
        if not finite:
            raise OptionError(("value",), "expected finite numbers")

    def values(self, shape: Shape, rng: Generator) -> Floats:
        values = np.array(self.value, dtype=np.float64)
        if values.ndim and values.shape != shape:
            raise ValueError(f"the value has shape {values.shape}, but the parameter has shape {shape}")
        return np.full(shape, values)

    @property
    def all_equal(self) -> bool:
        return not isinstance(self.value, list)
