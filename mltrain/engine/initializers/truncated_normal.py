from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta
from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer, cut_normal


class TruncatedNormal(Initializer):
    """Normal numbers of which none is further than two ``stddev`` from ``mean``: those are drawn again."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"mean": 2, "stddev": 1})

    mean: Annotated[float, Meta(description="mean of the normal distribution")] = 0.0
    stddev: Annotated[float, Meta(ge=0, description="standard deviation before the cut; 12% less after it")] = 0.05

    def values(self, shape: Shape, rng: Generator) -> Floats:
        return cut_normal(self.stddev, shape, rng) + np.float32(self.mean)

    @property
    def all_equal(self) -> bool:
        return self.stddev == 0
