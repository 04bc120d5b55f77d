from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.losses.base import Loss


class MeanSquaredError(Loss):
    """``mean((y - target)^2)``: for numbers; large errors count most."""

    aliases: ClassVar[tuple[str, ...]] = ("mse",)

    def per_element(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        np.subtract(y, target, out=dz)
        losses = np.multiply(dz, dz)
        np.multiply(dz, 2, out=dz)
        return losses
