"""A learning rate that is lowered on plateaus: its description, and its state in a training."""

from collections.abc import Mapping
from typing import Annotated, Any, ClassVar

from msgspec import Meta

from mltrain.engine.metrics.base import larger_is_better, reported_name
from mltrain.engine.schedules.base import LearningRate, Schedule


class ReduceOnPlateau(Schedule):
    """Lowers the rate when the monitored number has not improved for some epochs.

    The rule is that of Keras's ReduceLROnPlateau. Lower is better, except for metrics such as
    ``accuracy``.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"initial_learning_rate": 0.1},
        {"initial_learning_rate": 0.1, "monitor": "loss", "factor": 0.5, "patience": 3, "cooldown": 2},
    )

    initial_learning_rate: Annotated[float, Meta(gt=0, description="rate until the first plateau")]
    monitor: Annotated[
        str, Meta(description="what must improve: loss, val_loss, or a metric, with val_ for that on validation rows")
    ] = "val_loss"
    factor: Annotated[float, Meta(gt=0, lt=1, description="factor on the rate after a plateau")] = 0.1
    patience: Annotated[int, Meta(ge=1, description="epochs without improvement that make a plateau")] = 10
    min_delta: Annotated[float, Meta(ge=0, description="a change by no more than this is no improvement")] = 1e-4
    cooldown: Annotated[int, Meta(ge=0, description="epochs after a reduction in which none are counted")] = 0
    min_learning_rate: Annotated[float, Meta(ge=0, description="the rate is never made smaller than this")] = 0.0

    @property
    def monitored(self) -> str | None:
        return self.monitor

    def at(self, step: int) -> float:
        """The learning rate before the first measurement."""
        return self.initial_learning_rate

    def start(self) -> LearningRate:
        return _Reduced(self)


class _Reduced(LearningRate):
    """The rate, with the best value and the number of epochs since then."""

    def __init__(self, rule: ReduceOnPlateau):
        super().__init__(lambda _: self._rate)
        self._rule, self._monitored = rule, reported_name(rule.monitor)
        self._sign = -1 if larger_is_better(self._monitored) else 1
        self._rate = rule.initial_learning_rate
        self._best: float | None = None
        self._waited = self._resting = 0

    def epoch_ended(self, values: Mapping[str, float]) -> None:
        value = self._sign * values[self._monitored]
        if self._resting:
            self._resting -= 1
            self._waited = 0
        if self._best is None or value < self._best - self._rule.min_delta:
            self._best, self._waited = value, 0
        elif not self._resting:
            self._waited += 1
            if self._waited >= self._rule.patience and self._rate > self._rule.min_learning_rate:
                self._rate = max(self._rate * self._rule.factor, self._rule.min_learning_rate)
                self._resting, self._waited = self._rule.cooldown, 0

    def state(self) -> dict[str, Any]:
        return {"rate": self._rate, "best": self._best, "waited": self._waited, "resting": self._resting}

    def restore(self, state: Mapping[str, Any]) -> None:
        best = state["best"]
        self._rate, self._best = float(state["rate"]), None if best is None else float(best)
        self._waited, self._resting = int(state["waited"]), int(state["resting"])
