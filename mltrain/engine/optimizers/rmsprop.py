import math
from typing import Annotated

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats
from mltrain.engine.optimizers._root import step_by_root
from mltrain.engine.optimizers.base import Optimizer, Rate, Share, Tiny


class Rmsprop(Optimizer):
    """Divides each gradient by the root of its running mean square, so that all parameters learn at about one speed.

    Tieleman and Hinton 2012, https://www.cs.toronto.edu/~tijmen/csc321/slides/lecture_slides_lec6.pdf, with epsilon
    inside the root, as in Keras.
    """

    learning_rate: Rate = 0.001
    rho: Annotated[Share, Meta(description="how much of the squared gradient's running mean is kept at each step")] = (
        0.9
    )
    epsilon: Tiny = 1e-7

    def state(self) -> dict[str, float]:
        return {"mean_square": 0}

    def update(self, p: Floats, g: Floats, scratch: Floats, state: dict[str, Floats], step: int, rate: float) -> None:
        # The mean is kept as v / (1 - rho), as in adam.
        v, share = state["mean_square"], 1 - self.rho
        np.multiply(v, self.rho, out=v)
        np.multiply(g, g, out=scratch)
        np.add(v, scratch, out=v)
        step_by_root(p, g, v, scratch, rate / math.sqrt(share), self.epsilon / share)
