from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats
from mltrain.engine.optimizers.base import Optimizer, Rate, Share


class Sgd(Optimizer):
    """Stochastic gradient descent: a step against the gradient, optionally with momentum from the steps before."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"momentum": 0.9}, {"momentum": 0.9, "nesterov": True})

    learning_rate: Rate = 0.01
    momentum: Annotated[Share, Meta(description="share of the last step that is taken again")] = 0.0
    nesterov: Annotated[bool, Meta(description="look ahead along the momentum before stepping")] = False

    def state(self) -> dict[str, float]:
        return {"momentum": 0} if self.momentum else {}

    def update(self, p: Floats, g: Floats, scratch: Floats, state: dict[str, Floats], step: int, rate: float) -> None:
        np.multiply(g, rate, out=g)
        if not self.momentum:
            np.subtract(p, g, out=p)
            return
        m = state["momentum"]
        np.multiply(m, self.momentum, out=m)
        np.subtract(m, g, out=m)
        np.add(p, m, out=p)
        if self.nesterov:  # p += momentum m - rate g, of which m is there already
            np.subtract(p, g, out=p)
            np.multiply(m, self.momentum - 1, out=g)
            np.add(p, g, out=p)
