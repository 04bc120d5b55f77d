from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.engine.activations.softmax import softmax
from mltrain.engine.arrays import Floats
from mltrain.engine.losses.base import Loss, TargetKind


class CategoricalCrossentropy(Loss):
    """``-log(probability given to the right class)``: for one of several classes, whose targets are one-hot rows.

    A target may also spread its 1 over several classes; the loss is then ``-sum(target * log(probability))``. Label
    smoothing: Szegedy et al. 2016, https://arxiv.org/abs/1512.00567
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"label_smoothing": 0.1})

    fused_activation: ClassVar[str | None] = "softmax"
    targets: ClassVar[TargetKind] = "one_hot"

    label_smoothing: Annotated[
        float,
        Meta(ge=0, lt=1, description="share of each target that is spread over all classes, against false certainty"),
    ] = 0.0

    def per_element(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        largest, total = softmax(z, y)
        if self.label_smoothing:
            target = target * (1 - self.label_smoothing) + self.label_smoothing / target.shape[1]
        np.subtract(y, target, out=dz)
        shifted = np.subtract(z, largest)
        np.multiply(shifted, target, out=shifted)
        return np.log(total[:, 0]) - np.add.reduce(shifted, axis=1)
