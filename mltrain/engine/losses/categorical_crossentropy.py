from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.losses import Loss, TargetKind
from mltrain.engine.losses._softmax import shifted_scores


class CategoricalCrossentropy(Loss):
    """``-log(probability given to the right class)``: for one of several classes, whose targets are one-hot rows.

    A target may also spread its 1 over several classes; the loss is then ``-sum(target * log(probability))``.
    """

    joins: ClassVar[str | None] = "softmax"
    targets: ClassVar[TargetKind] = "one_hot"

    def elements(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        np.subtract(y, target, out=dz)
        shifted, log_total = shifted_scores(z)
        np.multiply(shifted, target, out=shifted)
        return np.subtract(log_total, np.add.reduce(shifted, axis=1), out=log_total)
