"""Learning rates that change from step to step. One file is one schedule."""

from typing import ClassVar

from mltrain.spec import Family, Spec


class Schedule(Spec):
    """A schedule's description and its formula."""

    family: ClassVar[Family] = Family("schedule", __name__)

    def at(self, step: int) -> float:
        """The learning rate after ``step`` steps: 0 for the first."""
        raise NotImplementedError
