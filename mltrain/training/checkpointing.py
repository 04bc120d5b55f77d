"""What a training would have to remember to go on later just as if it had never stopped."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple

import numpy as np

from mltrain.backends.base import HasState, Parallelism, State, Trainer
from mltrain.training.epoch_report import EpochReport


class Snapshot(NamedTuple):
    """The state after so many epochs (0: before the first), when so many reports had been made. It is not changed."""

    epoch: int
    reports: int
    state: State
    parallelism: Parallelism


SNAPSHOT_EVERY, REST = 0.05, 100
"""Seconds between two snapshots at least, and so many times as long as the last one took: a hundredth of the time."""


class TrainingRun:
    """One training as it is seen from outside: its reports and, now and then, a snapshot of its state.

    It begins with the first epoch, or goes on after ``epoch`` with the ``history`` up to there. Then ``restore`` is
    called once to fill trainer and monitor with the state of that time; ``parallelism`` says how the work was divided
    then, because sums are rounded in another way where it is divided otherwise. If it does not ``keep`` what it gets,
    there is no history and no snapshot.
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

    def begin(self, trainer: Trainer, monitor: HasState | None = None) -> None:
        """Training is about to begin, or to go on."""
        self._whole = _Whole(trainer, monitor)
        self.parallelism = trainer.parallelism
        if self._restore:
            self._restore(self._whole)

    def begun(self) -> None:
        """Nothing has been learned yet, but the workers are there: what is copied now, they do not keep."""
        self._take(self.epoch)

    def add(self, report: EpochReport, *, last: bool = False) -> None:
        """An epoch is over. Of the ``last`` one there is a snapshot in any case."""
        if self._keeps:
            self.history.append(report)
        if last or perf_counter() >= self._due:
            self._take(report.epoch)

    def _take(self, epoch: int) -> None:
        if not self._keeps or self._whole is None or self.parallelism is None:
            return
        began = perf_counter()
        self.newest = Snapshot(epoch, len(self.history), _copied(self._whole.state()), self.parallelism)
        now = perf_counter()
        self._due = now + max(SNAPSHOT_EVERY, REST * (now - began))


class _Whole:
    """A trainer and what watches it, as one: everything that a training would have to remember."""

    def __init__(self, trainer: HasState, monitor: HasState | None):
        self._trainer, self._monitor = trainer, monitor

    def state(self) -> State:
        return {**self._trainer.state(), **({"monitor": self._monitor.state()} if self._monitor else {})}

    def restore(self, state: State) -> None:
        self._trainer.restore(state)
        if self._monitor:
            self._monitor.restore(state["monitor"])


def _copied(state: State) -> State:
    return {name: _copied_value(value) for name, value in state.items()}


def _copied_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _copied(value)
    return value.copy() if isinstance(value, np.ndarray) else value
