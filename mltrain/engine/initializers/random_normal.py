from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta
from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer


class RandomNormal(Initializer):
    """Normal numbers: most within one ``stddev`` of ``mean``, a few far out."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"mean": 2, "stddev": 1})

    mean: Annotated[float, Meta(description="mean of the normal distribution")] = 0.0
    stddev: Annotated[float, Meta(ge=0, description="standard deviation: how far they spread")] = 0.05

    def values(self, shape: Shape, rng: Generator) -> Floats:
        return rng.standard_normal(shape, dtype=np.float32) * np.float32(self.stddev) + np.float32(self.mean)

    @property
    def all_equal(self) -> bool:
        return self.stddev == 0
