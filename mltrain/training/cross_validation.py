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
from mltrain.engine.network import Network
from mltrain.training.fold_trainers import FoldTrainers, mean_numbers
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

    def trainer(self, backend: Backend, task: TrainingTask, training: Training, profile: Profile | None) -> Trainer:
        """The trainer of all folds, of which an epoch is an epoch of each. ``task`` has the rows of all."""
        trainers = []
        for number, (network, fold) in enumerate(zip(self._networks, self.folds, strict=True)):
            rows = _taken(task.rows, np.setdiff1d(np.arange(len(task.rows.target)), fold))
            np.copyto(network.parameters, task.network.parameters)
            own = task._replace(
                network=network,
                rows=rows,
                batch_size=training.rows_per_batch(len(rows.target)),
                seed=task.seed + number,
            )
            trainers.append(backend.trainer(own, FoldTrainers.parallelism, profile))
        return FoldTrainers(trainers, [len(task.rows.target) - len(fold) for fold in self.folds])

    def evaluator(self, backend: Backend, task: TrainingTask) -> Callable[[], Evaluation]:
        """A function that evaluates each network on the rows that it leaves out: the means over all rows."""
        evaluators = [
            backend.evaluator(
                network, _taken(task.rows, fold), loss=task.loss, metrics=task.metrics, preprocessing=task.preprocessing
            )
            for network, fold in zip(self._networks, self.folds, strict=True)
        ]
        counts = [len(fold) for fold in self.folds]

        def evaluate() -> Evaluation:
            return Evaluation(*mean_numbers([evaluator() for evaluator in evaluators], counts))

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
