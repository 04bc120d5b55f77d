from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.initializers.base import Initializer, fans, scaled_uniform


class GlorotUniform(Initializer):
    """Uniform within ``sqrt(6 / (inputs + outputs))``: keeps signals and gradients at one size through the layers.

    The default, as in Keras. Glorot and Bengio 2010, https://proceedings.mlr.press/v9/glorot10a.html
    """

    def values(self, shape: Shape, rng: Generator) -> Floats:
        inputs, outputs = fans(shape)
        return scaled_uniform(2 / (inputs + outputs), shape, rng)
