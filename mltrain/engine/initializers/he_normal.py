from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer, fans, scaled_normal


class HeNormal(Initializer):
    """Normal with variance ``2 / inputs``: keeps signals at one size through layers with relu, which halves them.

    Cut off at two standard deviations, as in Keras. He et al. 2015, https://arxiv.org/abs/1502.01852
    """

    def values(self, shape: Shape, rng: Generator) -> Floats:
        inputs, _ = fans(shape)
        return scaled_normal(2 / inputs, shape, rng)
