from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats
from mltrain.engine.regularizers.base import Regularizer, Strength


class L1L2(Regularizer):
    """Adds ``l1 * sum(|w|) + l2 * sum(w^2)`` to the loss: both at once, also called an elastic net.

    Zou and Hastie 2005, https://doi.org/10.1111/j.1467-9868.2005.00503.x
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"l1": 0.001, "l2": 0.01},)

    l1: Annotated[Strength, Meta(description="how much a weight of 1 adds to the loss by its size")] = 0.0
    l2: Annotated[Strength, Meta(description="how much a weight of 1 adds to the loss by its square")] = 0.0

    def penalty(self, p: Floats, slope: Floats, scratch: Floats) -> float:
        np.sign(p, out=slope)
        absolute = float(np.vdot(p, slope))
        np.multiply(slope, self.l1, out=slope)
        np.multiply(p, 2 * self.l2, out=scratch)
        np.add(slope, scratch, out=slope)
        return self.l1 * absolute + self.l2 * float(np.vdot(p, p))
