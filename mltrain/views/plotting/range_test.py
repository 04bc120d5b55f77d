"""The picture of a learning rate range test."""

from collections.abc import Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, NullLocator

from mltrain.views.plotting.learning_curves import power_label
from mltrain.views.plotting.style import Style
from mltrain.views.terminal.range_curve import bounded


def draw_range_test(
    figure: Figure,
    style: Style,
    *,
    rates: Sequence[float],
    losses: Sequence[float],
    smoothed: Sequence[float],
    suggested: float | None,
) -> None:
    """The losses of the batches as dots and their running mean as a line, over learning rates."""
    axes = figure.subplots()
    line = bounded(smoothed)
    axes.plot(rates, losses, ".", color=style.mixed(style.faint, 0.6), markersize=4, label="batch")
    axes.plot(rates, line, color=style.blue, label="running mean")
    if suggested is not None:
        axes.axvline(suggested, color=style.orange, linestyle="--", label=f"suggested: {suggested:g}")
    axes.set_xscale("log")
    axes.xaxis.set_major_formatter(FuncFormatter(power_label))
    axes.xaxis.set_minor_locator(NullLocator())
    low, high = min(line), max(line)
    margin = 0.08 * ((high - low) or abs(high) or 1.0)
    axes.set_ylim(min(low, *losses) - margin, high + margin)
    axes.set_xlabel("learning rate")
    axes.set_ylabel("loss")
    axes.legend()
