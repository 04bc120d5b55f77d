"""The trainers of the networks of several folds as one `Trainer`: the training loop knows nothing of folds."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.backends.base import (
    SINGLE,
    EpochNumbers,
    NotFinite,
    Parallelism,
    Progress,
    State,
    Stopped,
    Trainer,
)


class FoldTrainers:
    """A `Trainer` of several networks: an epoch is an epoch of each, in turn. ``rows`` is how many each has.

    Reported are the means over their rows. Parameters, learning rate and last loss are those of the first network.
    """

    parallelism: Parallelism = SINGLE
    """Of each network: folds are for small tables, whose steps are too short to be shared."""

    def __init__(self, trainers: Sequence[Trainer], rows: Sequence[int]):
        self._trainers, self._rows = trainers, rows
        self._first, self._others = trainers[0], trainers[1:]
        self.steps = sum(trainer.steps for trainer in trainers)

    @property
    def last_loss(self) -> float | None:
        return self._first.last_loss

    @property
    def parameters(self) -> Mapping[str, npt.NDArray[Any]]:
        return self._first.parameters

    def state(self) -> State:
        """The state of the first trainer, with those of the others by the numbers of their folds."""
        return {
            **self._first.state(),
            "folds": {str(fold): trainer.state() for fold, trainer in enumerate(self._others, 2)},
        }

    def restore(self, state: State) -> None:
        self._first.restore(state)
        for fold, trainer in enumerate(self._others, 2):
            trainer.restore(state["folds"][str(fold)])

    def start(self) -> None:
        for trainer in self._trainers:
            trainer.start()

    def run_epoch(self, stop: Callable[[], bool], progress: Progress) -> EpochNumbers:
        found, done = list[EpochNumbers](), 0
        for trainer in self._trainers:

            def tell(step: int, _: int, loss: float, before: int = done) -> None:
                progress(before + step, self.steps, loss)

            try:
                found.append(trainer.run_epoch(stop, tell))
            except Stopped as stopped:
                raise Stopped(done + stopped.step) from None
            except NotFinite as error:
                error.step += done
                raise
            done += trainer.steps
        metrics = {name: mean([one.metrics[name] for one in found], self._rows) for name in found[0].metrics}
        return EpochNumbers(mean([one.loss for one in found], self._rows), metrics)

    def epoch_ended(self, values: Mapping[str, float]) -> None:
        for trainer in self._trainers:
            trainer.epoch_ended(values)

    def scheduled_rate(self) -> float | None:
        return self._first.scheduled_rate()

    def close(self) -> None:
        for trainer in self._trainers:
            trainer.close()


def mean(values: Sequence[float], rows: Sequence[int]) -> float:
    """The mean of values of which each was measured on so many ``rows``."""
    return float(np.average(values, weights=rows))
