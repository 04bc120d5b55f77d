from typing import Annotated

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats
from mltrain.engine.optimizers.base import Optimizer, Rate, Share


class Lion(Optimizer):
    """Steps of exactly the learning rate, up or down, by the sign of the gradient and its running mean together.

    Takes a smaller learning rate than adam. Chen et al. 2023, https://arxiv.org/abs/2302.06675
    """

    learning_rate: Rate = 0.001
    beta_1: Annotated[Share, Meta(description="share of the running mean in the direction of the step")] = 0.9
    beta_2: Annotated[Share, Meta(description="how much of the gradient's running mean is kept at each step")] = 0.99

    def state(self) -> dict[str, float]:
        return {"momentum": 0}

    def update(self, p: Floats, g: Floats, scratch: Floats, state: dict[str, Floats], step: int, rate: float) -> None:
        m = state["momentum"]
        # Only the sign of beta_1 m + (1 - beta_1) g counts, so it is the sign of m beta_1 / (1 - beta_1) + g.
        np.multiply(m, self.beta_1 / (1 - self.beta_1), out=scratch)
        np.add(scratch, g, out=scratch)
        # rate times the sign, without np.sign, which branches on each element and is slowed by mispredicted branches.
        with np.errstate(over="ignore"):  # infinity is clipped like the rest
            np.multiply(scratch, 1e38, out=scratch)
        np.clip(scratch, -rate, rate, out=scratch)
        np.subtract(p, scratch, out=p)
        np.multiply(m, self.beta_2, out=m)
        np.multiply(g, 1 - self.beta_2, out=g)
        np.add(m, g, out=m)
