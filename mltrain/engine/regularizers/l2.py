from typing import Annotated

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats
from mltrain.engine.regularizers.base import Regularizer, Strength


class L2(Regularizer):
    """Adds ``l2 * sum(w^2)`` to the loss: keeps weights small, and large ones from deciding alone."""

    l2: Annotated[Strength, Meta(description="how much a weight of 1 adds to the loss")] = 0.01

    def penalty(self, p: Floats, slope: Floats, scratch: Floats) -> float:
        np.multiply(p, 2 * self.l2, out=slope)
        return self.l2 * float(np.vdot(p, p))
