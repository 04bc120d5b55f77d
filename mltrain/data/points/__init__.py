"""Where the x of a made-up dataset come from. One file is one way."""

from typing import ClassVar

from numpy.random import Generator

from mltrain.engine.arrays import Floats
from mltrain.spec import Family, Spec


class Points(Spec):
    """A description of how to place numbers."""

    family: ClassVar[Family] = Family("points", __name__)

    def draw(self, samples: int, rng: Generator) -> Floats:
        """``samples`` numbers, float64, shape ``(samples,)``."""
        raise NotImplementedError
