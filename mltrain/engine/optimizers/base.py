"""The contract of optimizers. Each file is one update rule on flat vectors; see `Optimizer`."""

from typing import Annotated, ClassVar

from msgspec import Meta

from mltrain.engine.arrays import Floats
from mltrain.engine.schedules.base import Schedule
from mltrain.spec import Family, Spec

Rate = Annotated[
    Annotated[float, Meta(gt=0)] | Schedule,
    Meta(description="how far each step goes: a number, or a schedule that changes it from step to step"),
]
Share = Annotated[float, Meta(ge=0, lt=1)]
Beta1 = Annotated[Share, Meta(description="how much of the gradient's running mean is kept at each step")]
Beta2 = Annotated[Share, Meta(description="how much of the squared gradient's running mean is kept")]
Tiny = Annotated[float, Meta(gt=0, description="keeps the division from failing where gradients are 0")]
WeightDecay = Annotated[
    Annotated[float, Meta(ge=0)] | None,
    Meta(description="before each step, shrink all parameters by this times the learning rate (decoupled)"),
]


class Optimizer(Spec):
    """An optimizer's description and its update rule.

    ``state`` names the vectors, as long as the parameters, that the rule carries from step to step, with their first
    value.
    """

    family: ClassVar[Family] = Family("optimizer", __package__)

    weight_decay: WeightDecay = None
    clip_norm: Annotated[
        Annotated[float, Meta(gt=0)] | None,
        Meta(description="scale the gradient down where its length, over all parameters together, is larger than this"),
    ] = None
    use_ema: Annotated[
        bool,
        Meta(description="validate and save the running mean of the parameters instead of where the last step led"),
    ] = False
    ema_momentum: Annotated[
        float, Meta(ge=0, lt=1, description="with use_ema, how much of the mean is kept at each step")
    ] = 0.99

    learning_rate: Rate

    def state(self) -> dict[str, float]:
        return {}

    def update(self, p: Floats, g: Floats, scratch: Floats, state: dict[str, Floats], step: int, rate: float) -> None:
        """One step on a slice ``p`` of the parameters, in place. All vectors have the same length.

        ``step`` counts from 1. The gradient ``g`` may be overwritten: the rule may use its memory, and that of
        ``scratch``, for intermediate results.
        """
        raise NotImplementedError
