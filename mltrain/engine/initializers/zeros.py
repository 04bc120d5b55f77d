import numpy as np
from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer


class Zeros(Initializer):
    """All values 0: right for biases. In a kernel it would make all neurons of a layer learn the same."""

    def values(self, shape: Shape, rng: Generator) -> Floats:
        return np.zeros(shape)

    @property
    def all_equal(self) -> bool:
        return True
