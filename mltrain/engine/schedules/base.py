"""The contract of learning rate schedules. Each file is one schedule."""

from collections.abc import Callable, Mapping
from typing import Any, ClassVar

from mltrain.spec import Family, Spec


class LearningRate:
    """The learning rate of one training: read before each step, and given the measured numbers after each epoch.

    This class follows a formula. A schedule that reacts to measured numbers has a subclass.
    """

    def __init__(self, formula: Callable[[int], float]):
        self._formula = formula

    def at(self, step: int) -> float:
        """The learning rate after ``step`` steps: 0 for the first."""
        return self._formula(step)

    def epoch_ended(self, values: Mapping[str, float]) -> None:
        """Called after each epoch with its numbers by name: ``loss``, ``val_loss`` and so on."""

    def state(self) -> dict[str, Any]:
        """The state that is kept between epochs, as plain values."""
        return {}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Continue from a `state`."""


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

    @property
    def highest(self) -> str | None:
        """The name of the option that is the highest rate; None if there is no such option."""
        return "initial_learning_rate" if "initial_learning_rate" in self.__struct_fields__ else None

    def start(self) -> LearningRate:
        """The schedule's `LearningRate` at the beginning of a training."""
        return LearningRate(self.at)


def start(rate: float | Schedule) -> LearningRate:
    """The rate object of an optimizer's ``learning_rate``, a number or a schedule."""
    return rate.start() if isinstance(rate, Schedule) else LearningRate(lambda _: rate)


def monitored(rate: float | Schedule) -> str | None:
    """The number that an optimizer's ``learning_rate`` reacts to, if any."""
    return rate.monitored if isinstance(rate, Schedule) else None
