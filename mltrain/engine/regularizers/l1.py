from typing import Annotated

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats
from mltrain.engine.regularizers.base import Regularizer, Strength


class L1(Regularizer):
    """Adds ``l1 * sum(|w|)`` to the loss: pulls all weights towards 0 alike, and those that do not matter to it."""

    l1: Annotated[Strength, Meta(description="how much a weight of 1 adds to the loss")] = 0.01

    def penalty(self, p: Floats, slope: Floats, scratch: Floats) -> float:
        np.sign(p, out=slope)
        absolute = float(np.vdot(p, slope))
        np.multiply(slope, self.l1, out=slope)
        return self.l1 * absolute
