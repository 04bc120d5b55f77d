"""Validation by folds: networks that are trained side by side, each on all rows but those of its own fold.

    rows ── deal ──> folds ── a network each, epoch by epoch ──> losses on what each leaves out ── mean ──> report

So every row validates, and none is lost to it: the network that comes of it is trained again on all of them (`Refit`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.backends.base import (
    SINGLE,
    Backend,
    EpochNumbers,
    Evaluation,
    NotFinite,
    Progress,
    Rows,
    State,
    Stopped,
    Trainer,
    TrainingTask,
)
from mltrain.backends.profiler import Profile
from mltrain.engine.network import Network
from mltrain.training.options import Training

Indices = npt.NDArray[np.intp]


class CrossValidation:
    """The folds of a training, by the numbers of the rows that each leaves out; see `mltrain.data.folds`.

    ``network`` is trained as that of the first fold. The others are copies of it, with the same first weights. ``best``
    are the parameters of all of them in the best epoch, ``(folds, parameters)``.
    """

    def __init__(self, network: Network, folds: Sequence[Indices]):
        self.folds = folds
        self._networks = [network, *(network.copy() for _ in folds[1:])]
        self.best = np.zeros((len(folds), network.parameters.size), network.parameters.dtype)

    @property
    def others(self) -> list[Indices]:
        """The numbers of the rows that each network is trained on: all but those of its fold."""
        rows = np.arange(sum(map(len, self.folds)))
        return [np.setdiff1d(rows, fold) for fold in self.folds]

    def trainer(self, backend: Backend, task: TrainingTask, training: Training, profile: Profile | None) -> Trainer:
        """The trainer of all folds, of which an epoch is an epoch of each. ``task`` has the rows of all."""
        trainers = []
        for number, (network, numbers) in enumerate(zip(self._networks, self.others, strict=True)):
            rows = _taken(task.rows, numbers)
            np.copyto(network.parameters, task.network.parameters)
            own = task._replace(
                network=network,
                rows=rows,
                batch_size=training.rows_per_batch(len(rows.target)),
                seed=task.seed + number,
            )
            trainers.append(backend.trainer(own, SINGLE, profile))
        return FoldTrainers(trainers, [len(numbers) for numbers in self.others])

    def evaluator(self, backend: Backend, task: TrainingTask, parts: Sequence[Indices]) -> Callable[[], Evaluation]:
        """A function that evaluates each network on its own part of the rows, and takes the means over all of these.

        ``parts`` are the `folds`, or the `others`.
        """
        evaluators = [
            backend.evaluator(
                network, _taken(task.rows, part), loss=task.loss, metrics=task.metrics, preprocessing=task.preprocessing
            )
            for network, part in zip(self._networks, parts, strict=True)
        ]
        shares = [len(part) / sum(map(len, parts)) for part in parts]

        def evaluate() -> Evaluation:
            found = [evaluator() for evaluator in evaluators]
            metrics = {name: _mean([one.metrics[name] for one in found], shares) for name in found[0].metrics}
            return Evaluation(_mean([one.loss for one in found], shares), metrics)

        return evaluate

    def keep(self) -> None:
        """Called after an epoch that was the best so far."""
        for kept, network in zip(self.best, self._networks, strict=True):
            np.copyto(kept, network.parameters)

    def state(self) -> dict[str, Any]:
        return {"best": self.best}

    def restore(self, state: State) -> None:
        np.copyto(self.best, state["best"])

    def steps(self, training: Training, rows: int) -> int:
        """The steps of an epoch of all networks together."""
        counts = [rows - len(fold) for fold in self.folds]
        return sum(-(-count // training.rows_per_batch(count)) for count in counts)


class FoldTrainers:
    """Several trainers as one: an epoch is an epoch of each, in turn. ``rows`` is how many each has."""

    def __init__(self, trainers: Sequence[Trainer], rows: Sequence[int]):
        self._trainers = trainers
        self._shares = [count / sum(rows) for count in rows]
        self.steps = sum(trainer.steps for trainer in trainers)
        self.parallelism = SINGLE
        self.last_loss: float | None = None

    @property
    def _first(self) -> Trainer:
        return self._trainers[0]

    @property
    def parameters(self) -> Any:
        return self._first.parameters

    def state(self) -> State:
        """The state of the first trainer, with those of the others by their numbers."""
        others = {str(number): trainer.state() for number, trainer in enumerate(self._trainers[1:], 2)}
        return {**self._first.state(), "folds": others}

    def restore(self, state: State) -> None:
        self._first.restore(state)
        self.last_loss = self._first.last_loss
        for number, trainer in enumerate(self._trainers[1:], 2):
            trainer.restore(state["folds"][str(number)])

    def start(self) -> None:
        for trainer in self._trainers:
            trainer.start()

    def run_epoch(self, stop: Callable[[], bool], progress: Progress) -> EpochNumbers:
        found, done = [], 0
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
        self.last_loss = self._first.last_loss
        metrics = {name: _mean([one.metrics[name] for one in found], self._shares) for name in found[0].metrics}
        return EpochNumbers(_mean([one.loss for one in found], self._shares), metrics)

    def epoch_ended(self, values: Any) -> None:
        for trainer in self._trainers:
            trainer.epoch_ended(values)

    def scheduled_rate(self) -> float | None:
        return self._first.scheduled_rate()

    def close(self) -> None:
        for trainer in self._trainers:
            trainer.close()


def _taken(rows: Rows, numbers: Indices) -> Rows:
    return Rows(rows.x[numbers], rows.target[numbers])


def _mean(values: Sequence[float], shares: Sequence[float]) -> float:
    return float(np.dot(values, shares))
