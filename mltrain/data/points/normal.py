from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta
from numpy.random import Generator

from mltrain.data.points import Points


class Normal(Points):
    """Random numbers around ``mean``: two thirds of them are within one ``stddev`` of it."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"mean": 5, "stddev": 0.5})

    mean: Annotated[float, Meta(description="the number that they lie around")] = 0.0
    stddev: Annotated[float, Meta(ge=0, description="how far they spread: the standard deviation")] = 1.0

    def draw(self, samples: int, rng: Generator) -> npt.NDArray[np.float64]:
        return rng.normal(self.mean, self.stddev, samples)
