from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.losses import Loss, TargetKind
from mltrain.engine.losses._softmax import shifted_scores


class SparseCategoricalCrossentropy(Loss):
    """``-log(probability given to the right class)``: for one of several classes, whose targets are class numbers."""

    joins: ClassVar[str | None] = "softmax"
    targets: ClassVar[TargetKind] = "labels"

    def elements(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        right = (np.arange(len(z)), target)
        np.copyto(dz, y)
        dz[right] -= 1
        shifted, log_total = shifted_scores(z)
        return np.subtract(log_total, shifted[right], out=log_total)
