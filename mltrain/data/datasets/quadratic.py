from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.data.datasets._curve import Curve


class Quadratic(Curve):
    """Points on a parabola, ``y = a x^2 + b x + c``, with noise if you like."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"a": 1, "b": 2, "c": -5, "x": {"type": "linspace", "start": -2, "stop": 2}, "samples": 9, "noise_stddev": 1},
        {"a": -0.5, "b": 0, "c": 3, "x": [0, 1, 2, 3], "validation_split": 0.25},
    )

    a: Annotated[float, Meta(description="what x^2 is multiplied by: how steeply the curve bends")]
    b: Annotated[float, Meta(description="what x is multiplied by")]
    c: Annotated[float, Meta(description="the y at which x is 0")]

    def true_function(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return (self.a * x + self.b) * x + self.c
