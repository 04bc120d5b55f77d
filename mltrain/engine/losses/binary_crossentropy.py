from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.losses import Loss, TargetKind


class BinaryCrossentropy(Loss):
    """``-log(probability given to the truth)``: for yes or no; the target is 0 or 1, for each output on its own."""

    joins: ClassVar[str | None] = "sigmoid"
    targets: ClassVar[TargetKind] = "binary"

    def elements(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        np.subtract(y, target, out=dz)
        # log(1 + exp(z)) - z target, in the form that does not overflow.
        losses = np.logaddexp(0, z)
        return np.subtract(losses, z * target, out=losses)
