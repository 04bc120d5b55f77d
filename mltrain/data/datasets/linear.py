from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.data.datasets._curve import Curve


class Linear(Curve):
    """Points on a straight line, ``y = slope * x + intercept``, with noise if you like."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"slope": 3, "intercept": 1, "x": [-1, 0, 1, 2, 3, 4]},
        {"slope": 3, "intercept": 2, "x": "normal", "samples": 20, "noise_stddev": 1, "test_split": 0.2},
    )

    slope: Annotated[float, Meta(description="how much y grows where x grows by 1")]
    intercept: Annotated[float, Meta(description="the y at which x is 0")]

    def true_function(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return self.slope * x + self.intercept

    def true_parameters(self) -> dict[str, float]:
        return {"kernel": self.slope, "bias": self.intercept}
