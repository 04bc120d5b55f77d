"""What ``fit`` says of the best epoch: which it was, whose weights the model has, and why training stopped."""

from typing import Any

from mltrain.runs.run import BEST, LAST
from mltrain.training.monitor import Monitor
from mltrain.views.terminal.number_format import plural


def model_epoch(monitor: Monitor | None, last: int) -> int:
    """The epoch whose weights a training that came to its end leaves in the network; ``last`` is its last one."""
    return monitor.best_epoch if monitor and monitor.restores and monitor.best_epoch is not None else last


def best_of(monitor: Monitor) -> dict[str, Any]:
    """The best epoch for programs: null where no epoch gave a number to judge it by."""
    return {"monitor": monitor.name, "epoch": monitor.best_epoch, "value": monitor.best_value}


def stopped_by(monitor: Monitor | None) -> str:
    """Why training stopped before the last epoch that was planned."""
    if monitor is None or not monitor.exhausted:
        return ""
    return f"{monitor.name} did not improve for {plural(monitor.waited, 'epoch')}"


def whose_weights(monitor: Monitor | None, last: int) -> str:
    """Whose weights ``model.npz`` has, where epochs were judged, and where the others are."""
    if monitor is None or monitor.best_epoch is None:
        return ""
    best = f"the best by {monitor.name}"
    if monitor.best_epoch == last:
        return f"of epoch {last}, the last and {best}"
    if monitor.restores:
        return f"of epoch {monitor.best_epoch}, {best}; the last epoch's is {LAST}"
    return f"of epoch {last}, the last; of epoch {monitor.best_epoch}, {best}, is {BEST}"
