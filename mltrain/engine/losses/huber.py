from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.engine.arrays import Floats
from mltrain.engine.losses.base import Loss


class Huber(Loss):
    """For numbers: ``error^2 / 2`` up to ``delta``, and from there on a straight line, so that outliers count less.

    The line is ``delta * (|error| - delta / 2)``. Huber 1964, https://doi.org/10.1214/aoms/1177703732
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"delta": 0.3})

    delta: Annotated[float, Meta(gt=0, description="the error from which on the loss grows no faster")] = 1.0

    def per_element(self, z: Floats, y: Floats, target: npt.NDArray[Any], dz: Floats) -> Floats:
        errors = np.subtract(y, target)
        np.clip(errors, -self.delta, self.delta, out=dz)
        # slope * (error - slope / 2) is both formulas: the slope is the error up to delta, and delta beyond.
        np.subtract(errors, dz / 2, out=errors)
        return np.multiply(errors, dz, out=errors)
