"""What an epoch came to, as texts by the names under which people see them."""

from mltrain.display.numbers import number
from mltrain.training.report import EpochReport


def measured(report: EpochReport) -> dict[str, str]:
    """The loss and the metrics, then those on the validation rows, as ``val_loss`` and so on."""
    values = {"loss": report.loss, **report.metrics}
    if report.val_loss is not None:
        values["val_loss"] = report.val_loss
    values.update({f"val_{name}": value for name, value in report.val_metrics.items()})
    return {name: number(value) for name, value in values.items()}


def speed(report: EpochReport) -> str | None:
    """Microseconds that one step took; None for epoch 0, which has no steps."""
    return f"{report.seconds / report.steps * 1e6:.0f}" if report.steps else None
