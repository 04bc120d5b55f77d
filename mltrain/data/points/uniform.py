from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta
from numpy.random import Generator

from mltrain.data.points import Points
from mltrain.errors import OptionError


class Uniform(Points):
    """Random numbers from ``low`` to ``high``, each as likely as any other."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"low": -1, "high": 1},)

    low: Annotated[float, Meta(description="the smallest possible number")]
    high: Annotated[float, Meta(description="above all possible numbers")]

    def __post_init__(self) -> None:
        if self.low >= self.high:
            raise OptionError(("high",), f"expected a number above low ({self.low:g}), got {self.high:g}")

    def draw(self, samples: int, rng: Generator) -> npt.NDArray[np.float64]:
        return self.low + (self.high - self.low) * rng.random(samples)
