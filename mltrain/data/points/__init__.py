"""Where the x of a made-up dataset come from. One file is one way."""

from typing import ClassVar

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from mltrain.spec import Family, Spec


class Points(Spec):
    """A description of how to place numbers."""

    family: ClassVar[Family] = Family("points", __name__)

    def draw(self, samples: int, rng: Generator) -> npt.NDArray[np.float64]:
        """``samples`` numbers, float64, shape ``(samples,)``."""
        raise NotImplementedError
