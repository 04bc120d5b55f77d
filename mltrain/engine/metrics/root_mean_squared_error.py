import math
from typing import ClassVar

from mltrain.engine.metrics.base import Statistics
from mltrain.engine.metrics.mean_squared_error import MeanSquaredError


class RootMeanSquaredError(MeanSquaredError):
    """The root of the mean squared error: how far off predictions are, in the target's own units."""

    aliases: ClassVar[tuple[str, ...]] = ("rmse",)

    def result(self, statistics: Statistics) -> float:
        return math.sqrt(super().result(statistics))
