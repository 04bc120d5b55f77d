from typing import Any, ClassVar

import numpy as np
import numpy.typing as npt

from mltrain.engine.activations.step import step
from mltrain.engine.arrays import Floats
from mltrain.engine.losses.base import Loss, TargetKind


class Perceptron(Loss):
    """``(y - target) * z``: for yes or no by a step of z; a wrong answer costs as much as z is on the wrong side of 0.

    Its gradient by z is ``y - target``, which is Rosenblatt's rule: only mistakes teach, and each by its input.
    Rosenblatt 1958, https://doi.org/10.1037/h0042519
    """

    fused_activation: ClassVar[str | None] = "step"
    targets: ClassVar[TargetKind] = "binary"

    def per_element(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        step(z, y)
        np.subtract(y, target, out=dz)
        return np.multiply(dz, z)
