"""One number watched from epoch to epoch: which epoch was the best, what its weights were, and is it time to stop?"""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mltrain.engine.arrays import Floats
from mltrain.engine.metrics.base import VALIDATION_PREFIX, Metric, larger_is_better, on_validation, reported_name
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.schedules.base import monitored
from mltrain.errors import Problem
from mltrain.training.options import EarlyStopping, Training


class Monitor:
    """Watches the number called ``name`` and keeps a copy of the parameters of the epoch where it was best.

    ``stopping`` says after how many epochs without improvement to stop, or None to go on in any case. The rules are
    those of Keras's EarlyStopping: an improvement is a change by more than ``min_delta``, and the epochs without one
    are counted from the last one on. A value that is not finite is never an improvement.
    """

    def __init__(self, name: str, *, rises: bool, stopping: EarlyStopping | None, parameters: Floats):
        self.name, self._rises, self._stopping = name, rises, stopping
        self.best_epoch: int | None = None
        self.best_value: float | None = None
        self.best = np.zeros_like(parameters)
        self.last: Floats | None = None
        self.waited = 0

    def see(self, epoch: int, values: Mapping[str, float], parameters: Floats) -> None:
        """An epoch is over: its numbers by name, and the parameters after it."""
        value = values[self.name]
        self.waited += 1
        if self._improves(value):
            self.best_epoch, self.best_value, self.waited = epoch, value, 0
            np.copyto(self.best, parameters)

    def _improves(self, value: float) -> bool:
        if not math.isfinite(value):
            return False
        if self.best_value is None:
            return True
        least = self._stopping.min_delta if self._stopping else 0.0
        return value - least > self.best_value if self._rises else value + least < self.best_value

    @property
    def patience(self) -> int | None:
        """The epochs without improvement after which training stops; None if it does not."""
        return max(1, self._stopping.patience) if self._stopping else None

    @property
    def exhausted(self) -> bool:
        """Whether training is to stop now."""
        return self.patience is not None and self.waited >= self.patience

    @property
    def restores(self) -> bool:
        """Whether the weights of the best epoch are the ones to use, and there are such."""
        return self._stopping is not None and self._stopping.restore_best and self.best_epoch is not None

    def finish(self, parameters: Floats) -> None:
        """Training is over: keep the last parameters and, if that was asked for, put the best ones in their place."""
        self.last = parameters.copy()
        if self.restores:
            np.copyto(parameters, self.best)

    def state(self) -> dict[str, Any]:
        return {
            "best_epoch": self.best_epoch,
            "best_value": self.best_value,
            "waited": self.waited,
            "best": self.best,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        epoch, value = state["best_epoch"], state["best_value"]
        self.best_epoch, self.best_value = (
            None if epoch is None else int(epoch),
            None if value is None else float(value),
        )
        self.waited = int(state["waited"])
        np.copyto(self.best, state["best"])


def monitor_of(training: Training, parameters: Floats, *, validation: bool) -> Monitor | None:
    """What watches a training; None where neither early stopping nor rows held back for validation ask for it."""
    stopping = training.early_stopping
    if stopping is None and not validation:
        return None
    name = _name(stopping, validation=validation)
    return Monitor(name, rises=larger_is_better(name), stopping=stopping, parameters=parameters)


def monitor_problems(training: Training, metrics: Sequence[Metric], *, validation: bool) -> list[Problem]:
    """What is wrong with the number that is to be watched: epochs will not report it."""
    stopping = training.early_stopping
    if stopping is None:
        return []
    name = _name(stopping, validation=validation)
    missing = _why_missing(name, metrics, validation=validation)
    if missing:
        return [Problem(("training", "early_stopping", "monitor"), missing)]
    of_classes = {metric.type_name() for metric in metrics if metric.task == "classes"}
    if name.removeprefix(VALIDATION_PREFIX) in of_classes and stopping.min_delta >= 1:
        never = f"{name} is a number from 0 to 1, which never improves by more than {stopping.min_delta:g}"
        return [Problem(("training", "early_stopping", "min_delta"), never)]
    return []


def _name(stopping: EarlyStopping | None, *, validation: bool) -> str:
    """What is watched; metrics may be called by their short names."""
    if stopping is None or stopping.monitor is None:
        return on_validation("loss") if validation else "loss"
    return reported_name(stopping.monitor)


def schedule_problems(optimizer: Optimizer, metrics: Sequence[Metric], *, validation: bool) -> list[Problem]:
    """What is wrong with the number that a schedule of the learning rate watches: epochs will not report it."""
    name = monitored(optimizer.learning_rate)
    missing = name and _why_missing(reported_name(name), metrics, validation=validation)
    return [Problem(("optimizer", "learning_rate", "monitor"), missing)] if missing else []


def _why_missing(name: str, metrics: Sequence[Metric], *, validation: bool) -> str | None:
    """Why no epoch will report a number, and what to do; None if they will."""
    reported = ["loss", *(metric.type_name() for metric in metrics)]
    held_back = [on_validation(one) for one in reported]
    there = [*reported, *held_back] if validation else reported
    if name in there:
        return None
    own = name.removeprefix(VALIDATION_PREFIX)
    if name in held_back:
        return (
            f"there is no '{name}', because no rows are held back for validation; "
            f"set dataset.validation_split, or watch '{own}'"
        )
    if Metric.family.find(own) is not None:
        return f"epochs do not report '{name}'; add {own} to metrics, or watch one of {', '.join(there)}"
    return f"there is no '{name}' to watch; there are {', '.join(there)}"
