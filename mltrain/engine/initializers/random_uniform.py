from typing import Annotated, Any, ClassVar

from msgspec import Meta
from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer, uniform_between
from mltrain.errors import OptionError


class RandomUniform(Initializer):
    """Numbers between ``minval`` and ``maxval``, each as likely as any other."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"minval": -1, "maxval": 3})

    minval: Annotated[float, Meta(description="the smallest value")] = -0.05
    maxval: Annotated[float, Meta(description="the largest value")] = 0.05

    def __post_init__(self) -> None:
        if self.minval > self.maxval:
            raise OptionError(("minval",), f"{self.minval:g} is above maxval, which is {self.maxval:g}")

    def values(self, shape: Shape, rng: Generator) -> Floats:
        return uniform_between(self.minval, self.maxval, shape, rng)
