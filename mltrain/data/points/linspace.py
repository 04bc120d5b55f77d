from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta
from numpy.random import Generator

from mltrain.data.points import Points


class Linspace(Points):
    """Numbers at equal distances from ``start`` to ``stop``, both included; a single one is ``start``."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"start": -2, "stop": 2},)

    start: Annotated[float, Meta(description="the first number")]
    stop: Annotated[float, Meta(description="the last number")]

    def draw(self, samples: int, rng: Generator) -> npt.NDArray[np.float64]:
        return np.linspace(self.start, self.stop, samples)
