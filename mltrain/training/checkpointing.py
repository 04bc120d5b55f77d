"""What a training would have to remember to go on later just as if it had never stopped."""

from collections.abc import Callable, Mapping, Sequence
from time import perf_counter
from typing import Any, NamedTuple, Protocol

import numpy as np
from numpy.random import Generator

from mltrain.engine.arrays import Floats
from mltrain.training.epoch_report import EpochReport

State = Mapping[str, Any]
"""A tree of mappings whose leaves are NumPy arrays or plain JSON values."""


class HasState(Protocol):
    """Whatever carries something from step to step, or from epoch to epoch."""

    def state(self) -> State:
        """What it carries now. Arrays are its own, not copies."""
        ...

    def restore(self, state: State) -> None:
        """Carry what ``state`` says, from an object made in the same way.

        Raises KeyError, TypeError, ValueError or OverflowError if that is no such state.
        """
        ...


class Weights:
    """A network's parameters, a flat vector."""

    def __init__(self, parameters: Floats):
        self._parameters = parameters

    def state(self) -> State:
        return {"parameters": self._parameters}

    def restore(self, state: State) -> None:
        np.copyto(self._parameters, state["parameters"])


class RandomState:
    """A random generator, and others that give the same numbers as this one."""

    def __init__(self, rng: Generator, *others: Generator):
        self._all = [one.bit_generator for one in (rng, *others)]

    def state(self) -> State:
        return self._all[0].state

    def restore(self, state: State) -> None:
        for bits in self._all:
            bits.state = dict(state)


class Snapshot(NamedTuple):
    """The state after so many epochs (0: before the first), when so many reports had been made. Nobody changes it."""

    epoch: int
    reports: int
    state: State


SNAPSHOT_EVERY, REST = 0.05, 100
"""Seconds between two snapshots at least, and so many times as long as the last one took: a hundredth of the time."""


class TrainingRun:
    """One training as it is seen from outside: its reports and, now and then, a snapshot of its state.

    It begins with the first epoch, or goes on after ``epoch`` with the ``history`` up to there. Then ``restore`` is
    called once to fill the trainer with the state of that time, and ``processes`` are as many as shared the work then:
    sums are rounded in another way where it is shared out otherwise. It ``keeps`` nothing if nobody will ask.
    """

    def __init__(
        self,
        *,
        epoch: int = 0,
        history: Sequence[EpochReport] = (),
        processes: int | None = None,
        restore: Callable[[HasState], None] | None = None,
        keeps: bool = True,
    ):
        self.epoch, self.history, self.processes = epoch, list(history), processes
        self.newest: Snapshot | None = None
        self._restore, self._keeps = restore, keeps
        self._trainer: HasState | None = None
        self._due = 0.0

    def begin(self, trainer: HasState) -> None:
        """Training is about to begin, or to go on."""
        self._trainer = trainer
        if self._restore:
            self._restore(trainer)

    def begun(self) -> None:
        """Nothing has been learned yet, but helping processes are there: what is copied now, they do not keep."""
        self._take(self.epoch)

    def add(self, report: EpochReport, *, last: bool = False) -> None:
        """An epoch is over. Of the ``last`` one there is a snapshot in any case."""
        if self._keeps:
            self.history.append(report)
        if last or perf_counter() >= self._due:
            self._take(report.epoch)

    def _take(self, epoch: int) -> None:
        if not self._keeps or self._trainer is None:
            return
        began = perf_counter()
        self.newest = Snapshot(epoch, len(self.history), _copied(self._trainer.state()))
        now = perf_counter()
        self._due = now + max(SNAPSHOT_EVERY, REST * (now - began))


def _copied(state: State) -> State:
    return {name: _copied_value(value) for name, value in state.items()}


def _copied_value(value: Any) -> Any:
    if isinstance(value, Mapping):
        return _copied(value)
    return value.copy() if isinstance(value, np.ndarray) else value
