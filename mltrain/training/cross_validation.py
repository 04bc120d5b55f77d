"""Validation by folds: networks that are trained side by side, each on all rows but those of its own fold.

    rows ── deal ──> folds ── a network each, epoch by epoch ──> losses on what each leaves out ── mean ──> report

So every row validates, and none is lost to it: the network that comes of it is trained again on all of them (`Refit`).
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.backends.base import Backend, Evaluation, Rows, State, Trainer, TrainingTask
from mltrain.backends.profiler import Profile
from mltrain.engine.metrics.base import results
from mltrain.engine.network import Network
from mltrain.training.fold_trainers import FoldTrainers, mean
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
            trainers.append(backend.trainer(own, FoldTrainers.parallelism, profile))
        return FoldTrainers(trainers, [len(numbers) for numbers in self.others])

    def evaluator(self, backend: Backend, task: TrainingTask, parts: Sequence[Indices]) -> Callable[[], Evaluation]:
        """A function that evaluates each network on its own part of the rows: the `folds`, or the `others`.

        The loss is the mean over all these rows. Metrics are of all of them together, since few metrics of a fold have
        a mean that says the same: r2 compares with the mean of the targets, of which a small fold has its own.
        """
        evaluators = [
            backend.evaluator(
                network, _taken(task.rows, part), loss=task.loss, metrics=task.metrics, preprocessing=task.preprocessing
            )
            for network, part in zip(self._networks, parts, strict=True)
        ]
        counts = [len(part) for part in parts]

        def evaluate() -> Evaluation:
            loss = mean([evaluator().loss for evaluator in evaluators], counts)
            return Evaluation(loss, results(task.metrics, [evaluator.statistics for evaluator in evaluators]))

        return evaluate

    def keep(self) -> None:
        """Called after an epoch that was the best so far."""
        for kept, network in zip(self.best, self._networks, strict=True):
            np.copyto(kept, network.parameters)

    def state(self) -> dict[str, Any]:
        return {"best": self.best}

    def restore(self, state: State) -> None:
        np.copyto(self.best, state["best"])


def _taken(rows: Rows, numbers: Indices) -> Rows:
    return Rows(rows.x[numbers], rows.target[numbers])
