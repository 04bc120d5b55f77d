from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mltrain.engine.activations.sigmoid import sigmoid
from mltrain.engine.arrays import Floats
from mltrain.engine.losses.base import Loss, TargetKind


class BinaryCrossentropy(Loss):
    """``-log(probability given to the truth)``: for yes or no; the target is 0 or 1, for each output on its own."""

    fused_activation: ClassVar[str | None] = "sigmoid"
    targets: ClassVar[TargetKind] = "binary"

    def per_element(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        sigmoid(z, y)
        np.subtract(y, target, out=dz)
        # log(1 + exp(side * z)), where side is -1 if the target is 1, and else 1: nothing overflows, and nothing large
        # is subtracted from something large, so that the loss of a right and certain answer is as exact as any.
        losses = np.multiply(target, -2)
        np.add(losses, 1, out=losses)
        np.multiply(losses, z, out=losses)
        return np.logaddexp(0, losses, out=losses)
