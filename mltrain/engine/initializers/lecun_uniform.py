from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer, fans, scaled_uniform


class LecunUniform(Initializer):
    """Uniform within ``sqrt(3 / inputs)``: every sum starts out about as large as its inputs.

    LeCun et al. 1998, Efficient BackProp, https://doi.org/10.1007/3-540-49430-8_2
    """

    def values(self, shape: Shape, rng: Generator) -> Floats:
        inputs, _ = fans(shape)
        return scaled_uniform(1 / inputs, shape, rng)
