"""Trains a network again, from its first weights, on the rows for training and validation together.

Validation rows find out how long to train. After that nothing speaks against learning from them as well: algorithm 7.2
of Goodfellow, Bengio and Courville, Deep Learning (2016). Where folds validate (`CrossValidation`), they are all rows.
"""

from collections.abc import Callable, Mapping
from contextlib import closing
from time import perf_counter
from typing import Any

import numpy as np

from mltrain.backends.base import Backend, NotFinite, Parallelism, Stopped, Trainer, TrainingTask
from mltrain.engine.arrays import Floats
from mltrain.engine.metrics.base import VALIDATION_PREFIX
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.schedules.base import monitored
from mltrain.errors import Problem, TrainingInterrupted
from mltrain.training.divergence import divergence
from mltrain.training.options import Training

RefitProgress = Callable[[int, int], None]
"""Called before each epoch of the refit and at its end, with the epochs done and their number."""


class Refit:
    """The second training of a network. ``first`` are its weights before the first training, ``(parameters,)``.

    ``epochs`` is 0 until it is over. ``rows`` is how many it learned from, in ``seconds``.
    """

    def __init__(self, parameters: Floats):
        self.first = np.zeros_like(parameters)
        self.epochs = self.rows = 0
        self.seconds = 0.0

    def begin(self, parameters: Floats) -> None:
        """Called before the first training, with its first weights."""
        np.copyto(self.first, parameters)

    def train(
        self,
        task: TrainingTask,
        epochs: int,
        *,
        backend: Backend,
        parallelism: Parallelism | None,
        stop: Callable[[], bool],
        progress: RefitProgress,
    ) -> None:
        """Train the network of ``task`` again for ``epochs`` epochs on its rows, which are those of both parts.

        Raises `TrainingInterrupted`, `TrainingDiverged` or `WorkerLost`; the network has the weights of before then.
        """
        parameters = task.network.parameters
        before = parameters.copy()
        np.copyto(parameters, self.first)
        try:
            with closing(backend.trainer(task, parallelism)) as trainer:
                trainer.start()
                for epoch in range(1, epochs + 1):
                    progress(epoch - 1, epochs)
                    self._train_epoch(trainer, epoch, epochs, task.optimizer.clip_norm, stop)
                progress(epochs, epochs)
        except BaseException:
            np.copyto(parameters, before)
            raise
        self.epochs, self.rows = epochs, len(task.rows.target)

    def _train_epoch(
        self, trainer: Trainer, epoch: int, epochs: int, clip_norm: float | None, stop: Callable[[], bool]
    ) -> None:
        began = perf_counter()
        try:
            numbers = trainer.run_epoch(stop, lambda *_: None)
        except NotFinite as error:
            raise divergence(epoch, error, clip_norm, during="in the second training, ") from None
        except Stopped:
            raise TrainingInterrupted(f"stopped in the second training, in epoch {epoch} of {epochs}") from None
        self.seconds += perf_counter() - began
        trainer.epoch_ended({"loss": numbers.loss, **numbers.metrics})

    @property
    def document(self) -> dict[str, Any]:
        """What was done, as plain values for JSON."""
        return {"epochs": self.epochs, "rows": self.rows}

    def state(self) -> dict[str, Any]:
        return {"first": self.first}

    def restore(self, state: Mapping[str, Any]) -> None:
        np.copyto(self.first, state["first"])


def refit_problems(
    training: Training, optimizer: Optimizer, *, rows: int, validation: bool, why_no_random_folds: str | None
) -> list[Problem]:
    """The error for a second training that has no more rows than the first, or lacks the numbers that it follows.

    ``rows`` is how many there are to train on; ``why_no_random_folds`` is as in `DatasetSpec`.
    """
    stopping, watched = training.early_stopping, monitored(optimizer.learning_rate)
    if stopping is None or not stopping.trains_again:
        return []
    option, folds, why = "refit", stopping.folds, None
    if folds is not None:
        option, why = "folds", _why_no_folds(folds, rows, why_no_random_folds, validation=validation)
    elif not validation:
        why = (
            "no rows are held back for validation, so there are none to train again on; set dataset.validation_split, "
            "or leave refit out"
        )
    if why is None and watched and watched.startswith(VALIDATION_PREFIX):
        why = (
            f"in the second training there are no rows to validate on, so there is no '{watched}' for the learning "
            f"rate to follow; let it follow the loss, or leave {option} out"
        )
    return [Problem(("training", "early_stopping", option), why)] if why else []


def _why_no_folds(folds: int, rows: int, why_no_random_folds: str | None, *, validation: bool) -> str | None:
    if validation:
        return "the folds validate, and so do rows that the dataset holds back for it; leave out one of the two"
    if why_no_random_folds is not None:
        return f"{why_no_random_folds}, and folds are dealt at random; take dataset.validation_split and refit"
    return f"{folds} folds of {rows} rows leave some without a row; ask for fewer" if rows < folds else None
