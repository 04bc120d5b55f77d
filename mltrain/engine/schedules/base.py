"""Learning rates that change from step to step. One file is one schedule."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from mltrain.spec import Family, Spec


class LearningRate:
    """A learning rate at work in one training: asked before each step, and told after each epoch what was measured.

    This one follows a formula. A schedule that reacts to what was measured has a kind of its own.
    """

    def __init__(self, formula: Callable[[int], float]):
        self._formula = formula

    def at(self, step: int) -> float:
        """The learning rate after ``step`` steps: 0 for the first."""
        return self._formula(step)

    def epoch_ended(self, values: Mapping[str, float]) -> None:
        """An epoch is over, and this is what it came to, by name: ``loss``, ``val_loss`` and so on."""

    def state(self) -> dict[str, Any]:
        """What is carried from one epoch to the next, as plain values."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""


class Schedule(Spec):
    """A schedule's description and its formula."""

    family: ClassVar[Family] = Family("schedule", __package__)

    def at(self, step: int) -> float:
        """The learning rate after ``step`` steps: 0 for the first."""
        raise NotImplementedError

    @property
    def monitored(self) -> str | None:
        """The number that the schedule reacts to, as epochs report it; None where it follows the steps only."""
        return None

    def start(self) -> LearningRate:
        """The schedule at work, at the beginning of a training."""
        return LearningRate(self.at)


def start(rate: float | Schedule) -> LearningRate:
    """What an optimizer's ``learning_rate`` says, at work."""
    return rate.start() if isinstance(rate, Schedule) else LearningRate(lambda _: rate)


def monitored(rate: float | Schedule) -> str | None:
    """The number that an optimizer's ``learning_rate`` reacts to, if any."""
    return rate.monitored if isinstance(rate, Schedule) else None
