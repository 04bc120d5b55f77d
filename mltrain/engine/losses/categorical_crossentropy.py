from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mltrain.engine.activations.softmax import softmax
from mltrain.engine.arrays import Floats
from mltrain.engine.losses.base import Loss, TargetKind


class CategoricalCrossentropy(Loss):
    """``-log(probability given to the right class)``: for one of several classes, whose targets are one-hot rows.

    A target may also spread its 1 over several classes; the loss is then ``-sum(target * log(probability))``.
    """

    fused_activation: ClassVar[str | None] = "softmax"
    targets: ClassVar[TargetKind] = "one_hot"

    def per_element(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        largest, total = softmax(z, y)
        np.subtract(y, target, out=dz)
        shifted = np.subtract(z, largest)
        np.multiply(shifted, target, out=shifted)
        return np.log(total[:, 0]) - np.add.reduce(shifted, axis=1)
