"""Divides the step of a network among one or several processes.

    single     train_step.py        one process has everything
    columns    columns.py           each has some columns of the large kernels; values between them are exchanged
    rows       data_parallel.py     each takes some rows of every batch; gradients are summed

`Strategy` is their interface for a trainer. The base of the last two is in lockstep.py, the choice between them in
choice.py.
"""

from collections.abc import Sequence
from typing import Protocol

from mltrain.backends.base import HasState
from mltrain.backends.numpy.train_step import BatchStep, Run
from mltrain.engine.schedules.base import LearningRate


class Strategy(HasState, Protocol):
    """The interface of a trainer to the steps of a network, with any number of processes."""

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
        """The learning rate, which may react to epochs."""
        ...

    def rate(self, ago: int = 0) -> float:
        """The learning rate of the next step, or of an earlier one by the given number of steps."""
        ...

    def penalize(self) -> float:
        """Add the derivatives of the regularizers to the gradients; the penalty."""
        ...

    def accumulate(self, rows: int, complete: bool) -> None:
        """Add the gradients of a batch of ``rows`` rows; see `GradientSums`."""
        ...

    def update(self) -> None:
        """Apply the gradients."""
        ...

    def start(self, work: Run) -> None:
        """Start the workers, if any. Each does ``work`` once an epoch. Raises `WorkerLost`."""
        ...

    def begin_epoch(self) -> None:
        """Start an epoch in all processes."""
        ...

    def end_epoch(self) -> None:
        """Copy the trained parameters into the network, at any point of an epoch."""
        ...

    def close(self) -> None:
        """Terminate the workers. May be called twice."""
        ...
