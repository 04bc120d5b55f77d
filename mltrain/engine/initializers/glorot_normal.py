from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer, fans, scaled_normal


class GlorotNormal(Initializer):
    """Normal with variance ``2 / (inputs + outputs)``: keeps signals and gradients at one size through the layers.

    Cut off at two standard deviations, as in Keras. Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html
    """

    def values(self, shape: Shape, rng: Generator) -> Floats:
        inputs, outputs = fans(shape)
        return scaled_normal(2 / (inputs + outputs), shape, rng)
