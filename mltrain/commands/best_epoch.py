"""The sentences of ``fit`` on the best epoch: its number, whether the model has its weights, why training stopped."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from mltrain.engine.metrics.base import VALIDATION_PREFIX
from mltrain.runs.run import BEST, LAST
from mltrain.training.epoch_report import EpochReport
from mltrain.training.monitor import Monitor
from mltrain.views.terminal.number_format import duration, plural

if TYPE_CHECKING:
    from mltrain.training.cross_validation import CrossValidation
    from mltrain.training.refit import Refit


def model_epoch(monitor: Monitor | None, last: int) -> int:
    """The epoch whose weights the network has after a complete training; ``last`` is the last epoch."""
    return monitor.best_epoch if monitor and monitor.restores and monitor.best_epoch is not None else last


def best_of(monitor: Monitor) -> dict[str, Any]:
    """The best epoch as JSON data: null if the monitored value was never finite."""
    return {"monitor": monitor.name, "epoch": monitor.best_epoch, "value": monitor.best_value}


def stopped_by(monitor: Monitor | None) -> str:
    """Why training stopped before the last epoch that was planned."""
    if monitor is None or not monitor.exhausted:
        return ""
    never = "did not improve" if monitor.best_epoch is not None else "was no finite number"
    return f"{monitor.name} {never} for {plural(monitor.waited, 'epoch')}"


def not_finite(history: Sequence[EpochReport], monitor: Monitor | None) -> list[str]:
    """A sentence for each measure that was infinite or NaN in some epochs."""
    found = []
    for name in history[-1].values if history else ():
        values = [report.values.get(name, 0.0) for report in history]
        wrong = [value for value in values if not math.isfinite(value)]
        if wrong:
            sentence = f"{name} was {wrong[-1]} in {len(wrong):,} of {plural(len(values), 'epoch')}"
            if monitor is not None and monitor.name == name and monitor.best_epoch is None:
                sentence += ", so no epoch is known to be the best, and the model has the weights of the last one"
            elif name.startswith(VALIDATION_PREFIX):
                sentence += ": look for rows for validation that are not like those to train on, with mltrain data"
            found.append(sentence)
    return found


def whose_weights(
    monitor: Monitor | None, last: int, refit: "Refit | None" = None, folds: "CrossValidation | None" = None
) -> str:
    """The epoch whose weights ``model.npz`` has, and the file with the others; only if epochs were compared."""
    if monitor is None or monitor.best_epoch is None:
        return ""
    best = f"the best by {monitor.name}"
    if refit and refit.epochs:
        again = f"trained again on all {refit.rows:,} rows, for {plural(refit.epochs, 'epoch')} in "
        again += duration(refit.seconds)
        if folds:
            return f"{again}: {best} of {len(folds.folds)} folds"
        return f"{again}; that of epoch {monitor.best_epoch}, {best}, is {BEST}"
    if folds:
        return "of the first fold"
    if monitor.best_epoch == last:
        return f"of epoch {last}, the last and {best}"
    if monitor.restores:
        return f"of epoch {monitor.best_epoch}, {best}; the last epoch's is {LAST}"
    return f"of epoch {last}, the last; of epoch {monitor.best_epoch}, {best}, is {BEST}"
