import math
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from mltrain.engine.schedules.base import Schedule


class ExponentialDecay(Schedule):
    """Multiplies the rate by ``decay_rate`` every ``decay_steps`` steps: ``initial * rate ** (step / decay_steps)``."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5},
        {"initial_learning_rate": 0.1, "decay_steps": 10, "decay_rate": 0.5, "staircase": True},
    )

    initial_learning_rate: Annotated[float, Meta(gt=0, description="rate of the first step")]
    decay_steps: Annotated[int, Meta(ge=1, description="steps until the rate has been multiplied once")]
    decay_rate: Annotated[float, Meta(gt=0, description="the factor for decay_steps steps")]
    staircase: Annotated[bool, Meta(description="change only every decay_steps steps, at once")] = False

    def at(self, step: int) -> float:
        periods = step // self.decay_steps if self.staircase else step / self.decay_steps
        try:
            return self.initial_learning_rate * self.decay_rate**periods
        except OverflowError:
            return math.inf
