"""How the step of a network becomes work for one process or several.

    single     train_step.py        one process has everything
    columns    columns.py           each has some columns of the large kernels; what lies between them is exchanged
    rows       data_parallel.py     each takes some rows of every batch; gradients are summed

`Strategy` is what a trainer needs of each. What the last two have in common is in lockstep.py; which one is taken is in
choice.py.
"""

from collections.abc import Sequence
from typing import Protocol

from mltrain.backends.base import HasState
from mltrain.backends.numpy.train_step import BatchStep, Run
from mltrain.engine.schedules.base import LearningRate


class Strategy(HasState, Protocol):
    """What a trainer needs to take batches through a network, with any number of processes."""

    @property
    def batches(self) -> Sequence[BatchStep]:
        """The calls for each batch of the window."""
        ...

    @property
    def dropout(self) -> HasState:
        """The random numbers that layers draw."""
        ...

    @property
    def learning_rate(self) -> LearningRate:
        """What reacts to epochs."""
        ...

    def rate(self, ago: int = 0) -> float:
        """The learning rate of the next step, or of one so many steps before it."""
        ...

    def penalize(self) -> float:
        """Add the derivatives of the regularizers to the gradients; what they cost."""
        ...

    def accumulate(self, rows: int, complete: bool) -> None:
        """Take the gradients of one more batch of so many rows; see `GradientSums`."""
        ...

    def update(self) -> None:
        """Apply the gradients."""
        ...

    def start(self, work: Run) -> None:
        """Start the workers, if there are any, each of which does ``work`` once an epoch. Raises `WorkerLost`."""
        ...

    def begin_epoch(self) -> None:
        """Let all begin an epoch."""
        ...

    def end_epoch(self) -> None:
        """Bring what was learned into the network, wherever in an epoch this is."""
        ...

    def close(self) -> None:
        """End the workers. May be called twice."""
        ...
