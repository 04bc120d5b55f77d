import math
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from mltrain.engine.schedules.base import Schedule
from mltrain.errors import OptionError


class CosineDecay(Schedule):
    """Lowers the rate along half a cosine wave, slowly at both ends, after an optional climb in a straight line.

    Loshchilov and Hutter 2017, https://arxiv.org/abs/1608.03983; the climb: Goyal et al. 2017,
    https://arxiv.org/abs/1706.02677
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"initial_learning_rate": 0.1, "decay_steps": 10},
        {"initial_learning_rate": 0, "decay_steps": 10, "warmup_target": 0.1, "warmup_steps": 5, "alpha": 0.01},
    )

    initial_learning_rate: Annotated[float, Meta(ge=0, description="rate of the first step")]
    decay_steps: Annotated[int, Meta(ge=1, description="steps from the highest rate down to the lowest")]
    alpha: Annotated[float, Meta(ge=0, le=1, description="the lowest rate, as a share of the highest")] = 0.0
    warmup_target: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="the highest rate, reached after warmup_steps; without it there is no climb"),
    ] = None
    warmup_steps: Annotated[int, Meta(ge=0, description="steps from initial_learning_rate to warmup_target")] = 0

    def __post_init__(self) -> None:
        if self.warmup_target is None and self.warmup_steps:
            raise OptionError(("warmup_steps",), "a warmup needs a warmup_target, the rate that it climbs to")
        if self.warmup_target is None and not self.initial_learning_rate:
            raise OptionError(("initial_learning_rate",), "0 would never change; give a warmup_target to climb to")

    @property
    def highest(self) -> str:
        return "initial_learning_rate" if self.warmup_target is None else "warmup_target"

    def at(self, step: int) -> float:
        if self.warmup_target is not None and step < self.warmup_steps:
            climb = self.warmup_target - self.initial_learning_rate
            return self.initial_learning_rate + climb * step / self.warmup_steps
        highest = self.initial_learning_rate if self.warmup_target is None else self.warmup_target
        done = min(step - self.warmup_steps, self.decay_steps) / self.decay_steps
        return highest * (self.alpha + (1 - self.alpha) * (1 + math.cos(math.pi * done)) / 2)
