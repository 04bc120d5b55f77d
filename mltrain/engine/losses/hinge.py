from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.losses.base import Loss, TargetKind


class Hinge(Loss):
    """``max(0, 1 - side * y)``: for yes or no; nothing is lost where y is on the right side of 0 by at least 1.

    ``side`` is 1 where the target is 1, and -1 where it is 0. Cortes and Vapnik 1995, https://doi.org/10.1007/BF00994018
    """

    targets: ClassVar[TargetKind] = "binary"
    threshold: ClassVar[float] = 0.0

    def per_element(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        np.multiply(target, -2, out=dz)
        np.add(dz, 1, out=dz)  # the slope where the loss is above 0: -side
        losses = np.multiply(dz, y)
        np.add(losses, 1, out=losses)
        np.maximum(losses, 0, out=losses)
        np.multiply(dz, losses > 0, out=dz)
        return losses
