"""Pictures of a classifier: confusion matrix, precision and recall per class, calibration."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mltrain.engine.class_scores import Counts, scores_of
from mltrain.explain.calibration import Calibration
from mltrain.views.plotting.style import HEIGHT, WIDTH, Style
from mltrain.views.plotting.words import all_shortened, printable, width_of

_MOST_NUMBERED = 20
"""The largest number of classes for which each cell of a confusion matrix shows its number."""

_SIZE = 10
_FLAT_ROOM, _SIDE_ROOM, _SLANTED_ROOM = 0.08, 2.0, 1.5
"""Inches between horizontal names, and the largest width of names beside and below a picture."""

_LINE = 0.2
"""The least distance of names in inches; at smaller distances some names are omitted."""

_FEW = 4
"""The largest number of classes of a small confusion matrix."""

_DARK_CELL = 0.55


def confusion_size(classes: Sequence[str]) -> tuple[float, float]:
    """The size of a confusion matrix in inches; slanted names need more."""
    height = HEIGHT if len(classes) <= _FEW else HEIGHT * 1.35
    return WIDTH, height if _are_flat(classes, height) else height + _SLANTED_ROOM / 2


def _are_flat(classes: Sequence[str], height: float) -> bool:
    """Whether the names below a confusion matrix fit side by side."""
    room = (height - 1) / len(classes) - _FLAT_ROOM
    return all(width_of(printable(name), _SIZE) <= room for name in classes)


def draw_confusion(figure: Figure, style: Style, classes: tuple[str, ...], confusion: Counts) -> None:
    """Rows are true classes, columns are predicted ones. Colour is the share of the true class."""
    axes = figure.subplots()
    shares = confusion / np.maximum(1, confusion.sum(axis=1, keepdims=True))
    image = axes.imshow(shares, cmap=style.amount, vmin=0, vmax=1)
    height = HEIGHT if len(classes) <= _FEW else HEIGHT * 1.35
    flat = _are_flat(classes, height)
    step = math.ceil(len(classes) * _LINE / (height - 1 - (0 if flat else _SLANTED_ROOM / 2)))
    places = range(0, len(classes), step)
    below = all_shortened([classes[place] for place in places], height if flat else _SLANTED_ROOM, _SIZE)
    slant: dict[str, Any] = {} if flat else {"rotation": 45, "ha": "right", "rotation_mode": "anchor"}
    axes.set_xticks(places, below, **slant)
    axes.set_yticks(places, all_shortened([classes[place] for place in places], _SIDE_ROOM, _SIZE))
    axes.set(xlabel="said by the network", ylabel="true class")
    axes.grid(visible=False)
    axes.tick_params(length=0)
    if len(classes) <= _MOST_NUMBERED:
        for (true, said), count in np.ndenumerate(confusion):
            colour = style.background if shares[true, said] > _DARK_CELL else style.ink if count else style.faint
            size = 12 if len(classes) <= _FEW else 9
            axes.text(said, true, f"{count:,}", ha="center", va="center", color=colour, size=size)
    bar = figure.colorbar(image, ax=axes, shrink=0.8, format=PercentFormatter(1))
    bar.set_label("share of the true class")
    bar.outline.set_visible(False)


def classes_size(classes: Sequence[str]) -> tuple[float, float]:
    """The size in inches for one line per class."""
    return WIDTH, min(2 * HEIGHT, max(0.6 * HEIGHT, 0.36 * len(classes) + 1.3))


def draw_classes(figure: Figure, style: Style, classes: tuple[str, ...], confusion: Counts) -> None:
    """One line per class with a dot for precision and one for recall, and their values beside it.

    The axis of dots need not begin at 0, unlike that of bars, so it can show small differences between classes.
    """
    axes = figure.subplots()
    both = scores_of(confusion, undefined=math.nan)
    lines = np.arange(len(classes))
    axes.hlines(lines, both.precision, both.recall, color=style.grid, linewidth=3, zorder=1)
    series = (("precision", both.precision, style.blue, "o", 1.12), ("recall", both.recall, style.orange, "D", 1.24))
    step = math.ceil(len(classes) * _LINE / (classes_size(classes)[1] - 1.3))
    for name, values, colour, marker, column in series:
        axes.plot(values, lines, marker, color=colour, label=name, markersize=7)
        for line in lines[::step]:
            if np.isfinite(values[line]):
                where = (column, line)
                axes.annotate(f"{values[line]:.1%}", where, xycoords=("axes fraction", "data"), color=colour, size=9,
                              ha="right", va="center", annotation_clip=False)  # fmt: skip
    finite = [value for value in (*both.precision, *both.recall) if math.isfinite(value)]
    low = max(0.0, math.floor(min(finite, default=0.0) * 20 - 0.2) / 20)
    margin = 0.02 * (1 - low)
    axes.set(xlim=(low - margin, 1 + margin), ylim=(len(classes) - 0.5, -0.5), ylabel="class")
    axes.set_yticks(lines[::step], all_shortened(classes[::step], _SIDE_ROOM, _SIZE))
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=[1, 2, 2.5, 5, 10]))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0 if low < 0.9 else 1))
    axes.grid(visible=False, axis="y")
    figure.legend(loc="outside lower center", ncols=2)


def draw_calibration(figure: Figure, style: Style, calibration: Calibration) -> None:
    """Above, the accuracy for each confidence with the ideal diagonal; below, the number of rows."""
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=[3, 1])
    lowest = calibration.edges[0]
    above.plot([lowest, 1], [lowest, 1], "--", color=style.faint, linewidth=1.4, label="ideal")
    above.plot(calibration.confidence, calibration.right, "o-", color=style.blue, label="network")
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
