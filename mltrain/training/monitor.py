"""Monitors one number over the epochs: finds the best epoch, keeps its weights, and decides on early stopping."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mltrain.engine.arrays import Floats
from mltrain.engine.metrics.base import VALIDATION_PREFIX, Metric, larger_is_better, on_validation, reported_name
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.schedules.base import monitored
from mltrain.errors import Problem
from mltrain.names.nearest import did_you_mean
from mltrain.training.options import EarlyStopping, Training


class Monitor:
    """Monitors the number ``name`` and keeps a copy of the parameters of its best epoch.

    ``stopping`` has the options of early stopping; None for none. The rules are
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

    def epoch_ended(self, epoch: int, values: Mapping[str, float], parameters: Floats) -> None:
        """Called after each epoch with its numbers by name, and the parameters."""
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
        """Whether training ends with the weights of the best epoch, if only to be trained again after that."""
        stopping = self._stopping
        return stopping is not None and (stopping.restore_best or stopping.trains_again) and self.best_epoch is not None

    def finish(self, parameters: Floats) -> None:
        """Called after training: keeps the last parameters and, if `restores`, restores the best ones."""
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
    """The monitor of a training; None if there are neither early stopping nor validation rows."""
    stopping = training.early_stopping
    if stopping is None and not validation:
        return None
    name = _name(stopping, validation=validation)
    return Monitor(name, rises=larger_is_better(name), stopping=stopping, parameters=parameters)


def monitor_problems(training: Training, metrics: Sequence[Metric], *, validation: bool) -> list[Problem]:
    """The error for a monitored number of early stopping that epochs do not report."""
    stopping = training.early_stopping
    if stopping is None:
        return []
    name = _name(stopping, validation=validation)
    missing = why_missing(name, metrics, validation=validation)
    if missing:
        return [Problem(("training", "early_stopping", "monitor"), missing)]
    of_classes = {metric.type_name() for metric in metrics if metric.task == "classes"}
    if name.removeprefix(VALIDATION_PREFIX) in of_classes and stopping.min_delta >= 1:
        never = f"{name} is a number from 0 to 1, which never improves by more than {stopping.min_delta:g}"
        return [Problem(("training", "early_stopping", "min_delta"), never)]
    return []


def _name(stopping: EarlyStopping | None, *, validation: bool) -> str:
    """The full name of the monitored number; configs may use short names of metrics."""
    if stopping is None or stopping.monitor is None:
        return on_validation("loss") if validation else "loss"
    return reported_name(stopping.monitor)


def schedule_problems(optimizer: Optimizer, metrics: Sequence[Metric], *, validation: bool) -> list[Problem]:
    """The error for a monitored number of a learning rate schedule that epochs do not report."""
    name = monitored(optimizer.learning_rate)
    missing = name and why_missing(reported_name(name), metrics, validation=validation)
    return [Problem(("optimizer", "learning_rate", "monitor"), missing)] if missing else []


def why_missing(name: str, metrics: Sequence[Metric], *, validation: bool) -> str | None:
    """The reason why epochs do not report a number, with advice; None if they do."""
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
    names = ", ".join(there)
    return f"there is no '{name}' to watch" + did_you_mean(name, there, f"; there are {names}")
