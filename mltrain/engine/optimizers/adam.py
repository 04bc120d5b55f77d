import math

import numpy as np

from mltrain.engine.arrays import Floats
from mltrain.engine.optimizers.base import Beta1, Beta2, Optimizer, Rate, Tiny


class Adam(Optimizer):
    """Steps of about the same size for all parameters: the gradient's running mean, divided by its running spread.

    Kingma and Ba 2015, https://arxiv.org/abs/1412.6980, in the form of the end of their section 2, as in Keras. The
    moments are kept scaled, which changes no step: see `update`.
    """

    learning_rate: Rate = 0.001
    beta_1: Beta1 = 0.9
    beta_2: Beta2 = 0.999
    epsilon: Tiny = 1e-7

    def state(self) -> dict[str, float]:
        return {"first_moment": 0, "second_moment": 0}

    def update(self, p: Floats, g: Floats, scratch: Floats, state: dict[str, Floats], step: int, rate: float) -> None:
        # The moments are kept as m / (1 - beta_1) and v / (1 - beta_2): that saves two passes over the gradient, and
        # the difference is a factor on the rate and on epsilon.
        m, v = state["first_moment"], state["second_moment"]
        scale = math.sqrt(1 - self.beta_2)
        rate *= math.sqrt(1 - self.beta_2**step) / (1 - self.beta_1**step) * (1 - self.beta_1) / scale
        np.multiply(m, self.beta_1, out=m)
        np.add(m, g, out=m)
        np.multiply(v, self.beta_2, out=v)
        np.multiply(g, g, out=g)
        np.add(v, g, out=v)
        np.sqrt(v, out=g)
        np.add(g, self.epsilon / scale, out=g)
        np.divide(m, g, out=g)
        np.multiply(g, rate, out=g)
        np.subtract(p, g, out=p)
