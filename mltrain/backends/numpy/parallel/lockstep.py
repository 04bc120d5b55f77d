"""The base of the strategies with several processes: a rank for each process, and one learning rate for all.

All processes run the same batches of the same windows and compute the same loss. Only the first one computes metrics,
reports and decides when to stop.
"""

from collections.abc import Callable, Sequence
from time import perf_counter

import numpy as np

from mltrain.backends.base import TrainingTask
from mltrain.backends.numpy.parallel.collectives import Exchanges
from mltrain.backends.numpy.parallel.process_group import ProcessGroup
from mltrain.backends.numpy.random_state import RandomState
from mltrain.backends.numpy.train_step import BatchStep, TrainStep

WATCH_SECONDS, MOST_WAITING = 0.5, 0.6
"""If the first process waits for a larger share of a period (in seconds), the workers are terminated and it continues
alone: other programs are using the cores, and lockstep would be many times slower."""


class Lockstep:
    """A process for each rank, of which this is the first: the base of `ColumnParallel` and `DataParallel`.

    Each rank has a `TrainStep` of its own. Without workers (they are terminated, or were never there) the first process
    takes the steps of all ranks, with the same results, byte for byte.
    """

    def __init__(self, task: TrainingTask, processes: int):
        self._group = ProcessGroup(processes)
        self._exchanges = Exchanges(self._group)
        self._sum_of_penalties, self._sum_of_squares = self._exchanges.of_numbers(), self._exchanges.of_numbers()
        # The learning rate of each turn, set by the first process: it may depend on measured numbers.
        self._rates = self._group.shared((2,), np.float64)
        self._clips = task.optimizer.clip_norm is not None
        self._ranks: list[TrainStep] = []

    def _take(self, ranks: list[TrainStep]) -> None:
        """These are the steps of all ranks."""
        self._ranks, self._first = ranks, ranks[0]
        self.rate, self.learning_rate = self._first.rate, self._first.learning_rate
        self.dropout = RandomState(*(step.rng for step in ranks))
        self._work_on(range(len(ranks)))

    def start(self, work: Callable[[], None]) -> None:
        def help_out() -> None:  # pragma: no cover  (only for workers, and forks are not measured)
            self._work_on([self._group.rank])
            work()

        self._work_on([0])
        self._group.start(help_out)
        self._watched_since = perf_counter()

    def _work_on(self, ranks: Sequence[int]) -> None:
        """From here on, this process takes the steps of these ranks."""
        self._mine = [(rank, self._ranks[rank]) for rank in ranks]
        self.batches = [
            self._together(number, steps)
            for number, steps in enumerate(zip(*(step.batches for _, step in self._mine), strict=True))
        ]

    def _together(self, number: int, steps: Sequence[BatchStep]) -> BatchStep:
        """The calls of a batch for all ranks that this process works on."""
        raise NotImplementedError

    def _begin_step(self) -> None:
        self._exchanges.next_turn()
        if not self._group.rank:
            self._rates[self._exchanges.turn] = self.rate()

    def penalize(self) -> float:
        return self._sum_of_penalties({rank: step.penalize() for rank, step in self._mine})

    def accumulate(self, rows: int, complete: bool) -> None:
        for _, step in self._mine:
            step.accumulate(rows, complete)

    def update(self) -> None:
        squared_norm = None
        if self._clips:
            squared_norm = self._sum_of_squares({rank: step.update.squared_norm() for rank, step in self._mine})
        rate = float(self._rates[self._exchanges.turn])
        for _, step in self._mine:
            step.update(squared_norm, rate)
        if self._group.has_workers and (watched := perf_counter() - self._watched_since) > WATCH_SECONDS:
            if self._group.waited > MOST_WAITING * watched:
                self._go_on_alone()
            self._watched_since, self._group.waited = perf_counter(), 0.0

    def _go_on_alone(self) -> None:
        """Between two steps, terminate the workers and take over their state."""
        self._group.wait()
        self._group.terminate()
        for step in self._ranks[1:]:
            step.update.step = self._first.update.step
            step.learning_rate.restore(self.learning_rate.state())
        self.dropout.restore(self.dropout.state())
        self._work_on(range(len(self._ranks)))

    def begin_epoch(self) -> None:
        self._group.barrier()

    def close(self) -> None:
        self._group.terminate()
