from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.losses.base import Loss


class MeanAbsoluteError(Loss):
    """``mean(|y - target|)``: for numbers; every error counts by its size, so that outliers count less than in mse."""

    aliases: ClassVar[tuple[str, ...]] = ("mae",)

    def per_element(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        np.subtract(y, target, out=dz)
        losses = np.abs(dz)
        np.sign(dz, out=dz)
        return losses
