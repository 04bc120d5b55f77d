import numpy as np
from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer


class Ones(Initializer):
    """All values 1."""

    def values(self, shape: Shape, rng: Generator) -> Floats:
        return np.ones(shape)

    @property
    def all_equal(self) -> bool:
        return True
