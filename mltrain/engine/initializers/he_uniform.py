from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer, fans, scaled_uniform


class HeUniform(Initializer):
    """Uniform within ``sqrt(6 / inputs)``: keeps signals at one size through layers with relu, which halves them.

    He et al. 2015, https://arxiv.org/abs/1502.01852
    """

    def values(self, shape: Shape, rng: Generator) -> Floats:
        inputs, _ = fans(shape)
        return scaled_uniform(2 / inputs, shape, rng)
