from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mltrain.engine.activations.softmax import softmax
from mltrain.engine.arrays import Floats
from mltrain.engine.losses.base import Loss, TargetKind


class SparseCategoricalCrossentropy(Loss):
    """``-log(probability given to the right class)``: for one of several classes, whose targets are class numbers."""

    fused_activation: ClassVar[str | None] = "softmax"
    targets: ClassVar[TargetKind] = "labels"

    def per_element(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        largest, total = softmax(z, y)
        right = (np.arange(len(z)), target)
        np.copyto(dz, y)
        dz[right] -= 1
        return np.log(total[:, 0]) - (z[right] - largest[:, 0])
