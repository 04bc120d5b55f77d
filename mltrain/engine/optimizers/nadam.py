import math
from functools import cache

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.optimizers.base import Beta1, Beta2, Optimizer, Rate, Tiny


class Nadam(Optimizer):
    """Adam with Nesterov momentum: it steps by the gradient's running mean as it will be after the next step.

    Dozat 2016, https://openreview.net/forum?id=OM0jvwB8jIp57ZJjtNEZ, with its warming up of beta_1, as in Keras.
    """

    learning_rate: Rate = 0.001
    beta_1: Beta1 = 0.9
    beta_2: Beta2 = 0.999
    epsilon: Tiny = 1e-7

    def state(self) -> dict[str, float]:
        return {"first_moment": 0, "second_moment": 0}

    def update(self, p: Floats, g: Floats, scratch: Floats, state: dict[str, Floats], step: int, rate: float) -> None:
        # The moments are kept as m / (1 - beta_1) and v / (1 - beta_2), as in adam. Both means are corrected for having
        # started at 0, the first one as it will be after the next step; their common factor is in the rate.
        m, v = state["first_moment"], state["second_moment"]
        now = (1 - self._mu(step)) / (1 - self._product(step))
        ahead = self._mu(step + 1) / (1 - self._product(step + 1)) * (1 - self.beta_1)
        scale = math.sqrt((1 - self.beta_2) / (1 - self.beta_2**step))
        np.multiply(m, self.beta_1, out=m)
        np.add(m, g, out=m)
        np.multiply(v, self.beta_2, out=v)
        np.multiply(g, g, out=scratch)
        np.add(v, scratch, out=v)
        np.multiply(m, ahead / now, out=scratch)
        np.add(g, scratch, out=g)
        np.sqrt(v, out=scratch)
        np.add(scratch, self.epsilon / scale, out=scratch)
        np.divide(g, scratch, out=g)
        np.multiply(g, rate * now / scale, out=g)
        np.subtract(p, g, out=p)

    def _mu(self, step: int) -> float:
        """beta_1 as it is at a step: it starts at about half."""
        return self.beta_1 * (1 - 0.5 * 0.96**step)

    def _product(self, step: int) -> float:
        """The product of all mu up to a step. Apart from the power of beta_1, it is constant after a thousand steps."""
        warming_up = _products()
        return self.beta_1**step * float(warming_up[min(step, warming_up.size) - 1])


@cache
def _products() -> npt.NDArray[np.float64]:
    """The products of ``1 - 0.5 * 0.96^i`` for i up to 1, 2, 3 ..., as far as they change."""
    return np.cumprod(1 - 0.5 * 0.96 ** np.arange(1, 1001))
