"""The results of an epoch as texts, by their displayed names."""

from mltrain.training.epoch_report import EpochReport
from mltrain.views.terminal.number_format import number


def measured(report: EpochReport) -> dict[str, str]:
    """The loss and the metrics, those on the validation rows as ``val_loss`` and so on, then a rate that changes."""
    rate = {} if report.learning_rate is None else {"learning_rate": report.learning_rate}
    return {name: number(value) for name, value in (report.values | rate).items()}


def speed(report: EpochReport) -> str | None:
    """Microseconds that one step took; None for epoch 0, which has no steps."""
    return f"{report.seconds / report.steps * 1e6:.0f}" if report.steps else None
