from bisect import bisect_left
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from mltrain.engine.schedules.base import Schedule
from mltrain.errors import OptionError


class Piecewise(Schedule):
    """A rate that stays as it is between boundaries, and changes at once after each."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"boundaries": [10, 20], "values": [0.1, 0.05, 0.01]},)

    boundaries: Annotated[
        tuple[Annotated[int, Meta(ge=0)], ...],
        Meta(min_length=1, description="ascending step numbers, from 0: each is the last step with the rate before it"),
    ]
    values: Annotated[
        tuple[Annotated[float, Meta(gt=0)], ...], Meta(description="the rates: one more than there are boundaries")
    ]

    def __post_init__(self) -> None:
        if len(self.values) != len(self.boundaries) + 1:
            boundaries, values = len(self.boundaries), len(self.values)
            message = f"there are {values}, but boundaries holds {boundaries}, which takes {boundaries + 1} values"
            raise OptionError(("values",), message)
        if any(later <= earlier for earlier, later in zip(self.boundaries, self.boundaries[1:], strict=False)):
            raise OptionError(("boundaries",), "each must be larger than the one before it")

    def at(self, step: int) -> float:
        return self.values[bisect_left(self.boundaries, step)]
