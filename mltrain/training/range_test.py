"""The learning rate range test: with which learning rates does the loss fall, and from which on does it grow?

The rate grows from step to step, by the same factor each time (Smith 2017, https://arxiv.org/abs/1506.01186). The
network is trained all the while, and is worth nothing afterwards.
"""

import math
from collections.abc import Callable
from contextlib import closing, suppress
from dataclasses import dataclass, field
from functools import cached_property
from typing import Literal

import numpy as np
from msgspec.structs import replace

from mltrain.backends.base import Backend, NotFinite, Progress, Stopped, TrainingTask
from mltrain.engine.schedules.base import Schedule
from mltrain.training.divergence import never_finite

LOWEST, HIGHEST = 1e-7, 10.0
"""The learning rates of the first and of the last step."""

FEWEST_STEPS, MOST_STEPS = 200, 500
"""The test is one pass through the rows, but has at least and at most as many steps."""

FEWEST_ROWS = 5_000
"""Steps are added until as many rows have been seen: the losses of small batches differ much by chance."""

FALLEN, FACTOR = 0.95, 10.0
"""The suggestion is a ``FACTOR`` below the rate at which the loss has ``FALLEN`` by this share of its way down."""

_SMOOTHED = 0.05
"""The share of the steps that the running mean of the losses is about."""

_DIVERGED = 3.0
"""The test ends when the smoothed loss has grown by as many times its smallest value, and is above the first losses."""

_BEYOND_CHANCE = 4.0
"""A difference that counts, in standard errors of the mean of the first losses."""

_ROUNDED = 1e-6
"""The relative error of a loss, which is summed in 32-bit numbers."""

Ending = Literal["all steps", "diverged", "not finite"]


@dataclass
class RangeTest:
    """The course of a test of ``planned`` steps: learning rates, losses of the batches, and their running means."""

    planned: int
    rates: list[float] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)
    smoothed: list[float] = field(default_factory=list)
    ending: Ending = "all steps"
    _smallest: float = math.inf

    @property
    def at_first(self) -> int:
        """How many steps come first, with rates too small to change anything: what follows is compared with them."""
        return max(2, round(2 * _SMOOTHED * self.planned))

    def add(self, rate: float, loss: float) -> None:
        """Record a step: its learning rate, and the loss of its batch."""
        self.rates.append(rate)
        self.losses.append(loss)
        keep = max(0.0, 1 - 1 / (_SMOOTHED * self.planned))
        share = (1 - keep) / (1 - keep ** len(self.losses))  # so that the first loss is the first mean
        before = self.smoothed[-1] if self.smoothed else 0.0
        self.smoothed.append(before + share * (loss - before))
        if len(self.smoothed) > self.at_first:
            self._smallest = min(self._smallest, self.smoothed[-1])

    @property
    def diverged(self) -> bool:
        """Whether the smoothed loss has grown, from its smallest value and from the first losses."""
        if len(self.smoothed) <= self.at_first:
            return False
        mean, chance = self._first_losses
        return self.smoothed[-1] > max(mean + chance, self._smallest + _DIVERGED * abs(self._smallest))

    @property
    def lowest(self) -> int | None:
        """The step with the smallest smoothed loss; None if that is below the first losses by chance, or not at all."""
        later = self.smoothed[self.at_first :]
        if not later:
            return None
        index = self.at_first + int(np.argmin(later))
        mean, chance = self._first_losses
        return index if mean - self.smoothed[index] > chance else None

    @property
    def suggested(self) -> float | None:
        """A learning rate to train with, of two digits; None if the loss did not fall.

        It is a tenth of the rate at which the loss has done 95% of its way down. The lowest loss itself may come late:
        once all rows are right, the loss stays near 0 at any rate.
        """
        lowest = self.lowest
        if lowest is None:
            return None
        first, _ = self._first_losses
        bound = first - FALLEN * (first - self.smoothed[lowest])
        fallen = next(index for index in range(self.at_first, lowest + 1) if self.smoothed[index] <= bound)
        return float(f"{self.rates[fallen] / FACTOR:.1e}")

    @cached_property
    def _first_losses(self) -> tuple[float, float]:
        """Their mean, when there are more, and by how much a mean of as many differs from it by chance or rounding."""
        first = self.losses[: self.at_first]
        mean, error = float(np.mean(first)), float(np.std(first)) / math.sqrt(len(first))
        return mean, _BEYOND_CHANCE * error + _ROUNDED * abs(mean)


class _Growing(Schedule):
    """The learning rate from `LOWEST` to `HIGHEST` in so many ``updates``."""

    updates: int

    def at(self, step: int) -> float:
        return float(LOWEST * (HIGHEST / LOWEST) ** min(1.0, step / (self.updates - 1)))


def range_test(
    backend: Backend,
    task: TrainingTask,
    stop: Callable[[], bool] = lambda: False,
    progress: Progress = lambda *_: None,
) -> RangeTest:
    """Train the network of ``task`` with growing learning rates. ``stop`` is called between steps, and may end it.

    The optimizer's own learning rate takes no part. Raises `TrainingDiverged` if the first loss is not a finite number.
    """
    batches, accumulated = -(-len(task.rows.target) // task.batch_size), task.gradient_accumulation
    updates = -(-batches // accumulated)
    fewest = max(FEWEST_STEPS, -(-FEWEST_ROWS // (min(task.batch_size, len(task.rows.target)) * accumulated)))
    passes, most = -(-fewest // updates), max(fewest, MOST_STEPS)
    growing = replace(task.optimizer, learning_rate=_Growing(updates=min(passes * updates, most)))
    test = RangeTest(min(passes * batches, most * accumulated))
    with closing(backend.trainer(task._replace(optimizer=growing))) as trainer:

        def ends() -> bool:
            """Before each step: record the one before it."""
            rate, loss = trainer.scheduled_rate(), trainer.last_loss
            if rate is not None and loss is not None:
                test.add(rate, loss)
                progress(len(test.losses), test.planned, test.smoothed[-1])
            return stop() or test.diverged or len(test.losses) == test.planned

        trainer.start()
        try:
            with suppress(Stopped):
                for _ in range(passes):
                    trainer.run_epoch(ends, lambda *_: None)
                ends()
        except NotFinite as error:
            if not test.losses:
                raise never_finite(error) from None
            test.ending = "not finite"
    if test.ending == "all steps" and test.diverged:
        test.ending = "diverged"
    return test
