"""The state of a training from which it can be resumed with the same results."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from mltrain.backends.base import HasState, Parallelism, State, Trainer
from mltrain.training.epoch_report import EpochReport


class Snapshot(NamedTuple):
    """The immutable state after ``epoch`` epochs (0: before the first), with the number of reports up to then."""

    epoch: int
    reports: int
    state: State
    parallelism: Parallelism


SNAPSHOT_EVERY, REST = 0.05, 100
"""Least seconds between two snapshots, and the least interval as a multiple of the last one's duration."""


class TrainingRun:
    """The reports of one training and periodic snapshots of its state.

    A training starts at the first epoch, or resumes after ``epoch`` with the ``history`` up to there. To resume,
    ``restore`` is called once to restore the trainer and what goes with it. ``parallelism`` is the division of work at
    that time, because another division rounds sums differently. Without ``keep``, there is no history and no snapshot.
    """

    def __init__(
        self,
        *,
        epoch: int = 0,
        history: Sequence[EpochReport] = (),
        parallelism: Parallelism | None = None,
        restore: Callable[[HasState], None] | None = None,
        keeps: bool = True,
    ):
        self.epoch, self.history, self.parallelism = epoch, list(history), parallelism
        self.newest: Snapshot | None = None
        self._restore, self._keeps = restore, keeps
        self._whole: HasState | None = None
        self._due = 0.0

    def begin(self, trainer: Trainer, others: Mapping[str, HasState | None]) -> None:
        """Called before the first epoch of a new or resumed training. ``others`` have state, too, by name."""
        self._whole = _Whole(trainer, {name: part for name, part in others.items() if part is not None})
        self.parallelism = trainer.parallelism
        if self._restore:
            self._restore(self._whole)

    def begun(self) -> None:
        """Called after the workers are started: later copies are not in the workers' memory."""
        self._snapshot(self.epoch)

    def add(self, report: EpochReport, *, last: bool = False) -> None:
        """Called after each epoch. The ``last`` one always gets a snapshot."""
        if self._keeps:
            self.history.append(report)
        if last or perf_counter() >= self._due:
            self._snapshot(report.epoch)

    def _snapshot(self, epoch: int) -> None:
        if not self._keeps or self._whole is None or self.parallelism is None:
            return
        began = perf_counter()
        self.newest = Snapshot(epoch, len(self.history), _copied(self._whole.state()), self.parallelism)
        now = perf_counter()
        self._due = now + max(SNAPSHOT_EVERY, REST * (now - began))


class _Whole:
    """A trainer and what goes with it, by name: the whole state of a training."""

    def __init__(self, trainer: HasState, others: Mapping[str, HasState]):
        self._trainer, self._others = trainer, others

    def state(self) -> State:
        return {**self._trainer.state(), **{name: part.state() for name, part in self._others.items()}}

    def restore(self, state: State) -> None:
        self._trainer.restore(state)
        for name, part in self._others.items():
            part.restore(state[name])


def _copied(state: State) -> State:
    return {name: _copied_value(value) for name, value in state.items()}


def _copied_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _copied(value)
    return value.copy() if isinstance(value, np.ndarray) else value
