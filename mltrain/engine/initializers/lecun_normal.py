from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer, fans, scaled_normal


class LecunNormal(Initializer):
    """Normal with variance ``1 / inputs``: every sum starts out about as large as its inputs.

    Cut off at two standard deviations, as in Keras. LeCun et al. 1998, Efficient BackProp, https://doi.org/10.1007/3-540-49430-8_2
    """

    def values(self, shape: Shape, rng: Generator) -> Floats:
        inputs, _ = fans(shape)
        return scaled_normal(1 / inputs, shape, rng)
