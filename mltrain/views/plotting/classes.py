"""A classifier's answers: what is taken for what, how good each class is, and whether its sureness can be trusted."""

import math

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter

from mltrain.engine.class_scores import Counts, scores_of
from mltrain.views.insight.answers import Calibration
from mltrain.views.plotting.style import Style

_MOST_NUMBERED = 20
"""Classes up to which every cell of a confusion matrix has its number."""

_MOST_FLAT = 5
"""Classes up to which the values of bars are written flat."""

_DARK_CELL = 0.55


def draw_confusion(figure: Figure, style: Style, classes: tuple[str, ...], confusion: Counts) -> None:
    """Rows are what is true, columns what was said. Colour is the share of the true class."""
    axes = figure.subplots()
    shares = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    image = axes.imshow(shares, cmap=style.amount, vmin=0, vmax=1)
    places = range(len(classes))
    axes.set_xticks(places, classes, rotation=0 if max(map(len, classes)) <= 6 or len(classes) <= 4 else 60)
    axes.set_yticks(places, classes)
    axes.set(xlabel="said by the network", ylabel="true class")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    if len(classes) <= _MOST_NUMBERED:
        for (true, said), count in np.ndenumerate(confusion):
            colour = style.background if shares[true, said] > _DARK_CELL else style.ink if count else style.faint
            size = 12 if len(classes) <= 4 else 9
            axes.text(said, true, f"{count:,}", ha="center", va="center", color=colour, size=size)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, format=PercentFormatter(1))
    bar.set_label("share of the true class")
    bar.outline.set_visible(False)


def draw_classes(figure: Figure, style: Style, classes: tuple[str, ...], confusion: Counts) -> None:
    """Two bars a class, precision and recall, with their values."""
    axes = figure.subplots()
    both = scores_of(confusion, undefined=math.nan)
    places = np.arange(len(classes))
    for offset, name, values, colour in (
        (-0.2, "precision", both.precision, style.blue),
        (0.2, "recall", both.recall, style.orange),
    ):
        bars = axes.bar(places + offset, values, 0.38, color=colour, label=name)
        if len(classes) <= _MOST_NUMBERED:
            texts = [f"{value:.1%}" if np.isfinite(value) else "" for value in values]
            upright = 0 if len(classes) <= _MOST_FLAT else 90
            axes.bar_label(bars, texts, size=9, padding=3, rotation=upright)
    axes.set_ylim(
        0, 1.18 if len(classes) > _MOST_FLAT else 1.08
    )  # bars start at 0, or their lengths would not be their values
    axes.set_xticks(places, classes, rotation=0 if max(map(len, classes)) <= 6 or len(classes) <= 4 else 60)
    axes.set_yticks([0, 0.25, 0.5, 0.75, 1])
    axes.yaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.grid(visible=False, axis="x")
    axes.set_xlabel("class")
    figure.legend(loc="outside lower center", ncols=2)


def draw_calibration(figure: Figure, style: Style, calibration: Calibration) -> None:
    """Above, how often it was right for each sureness, with the diagonal that is ideal; below, how many rows."""
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    lowest = calibration.edges[0]
    above.plot([lowest, 1], [lowest, 1], "--", color=style.faint, linewidth=1.4, label="ideal")
    above.plot(calibration.sureness, calibration.right, "o-", color=style.blue, label="network")
    above.set_ylabel("was right")
    above.set_ylim(-0.03, 1.03)
    above.yaxis.set_major_formatter(PercentFormatter(1))
    above.legend(loc="lower right")
    widths = np.diff(calibration.edges)
    below.bar(calibration.edges[:-1], calibration.counts, widths * 0.92, align="edge", color=style.faint)
    below.set_ylabel("rows")
    below.set_xlabel("how sure it was")
    below.xaxis.set_major_formatter(PercentFormatter(1))
    below.grid(visible=False, axis="x")
