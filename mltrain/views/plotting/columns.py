"""Pictures of a table's columns: their importance, how predictions depend on them, what they add to a prediction."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator, PercentFormatter

from mltrain.explain.contributions import Contributions
from mltrain.explain.dependence import Dependence
from mltrain.explain.importance import Importances
from mltrain.views.plotting.style import HEIGHT, WIDTH, Style
from mltrain.views.plotting.words import all_shortened, shortened

_LINE = 0.32
"""Inches of a bar."""

_MOST_BARS, _MOST_PANELS, _MOST_LINES, _MOST_NAMES = 30, 6, 50, 10
_NAME_ROOM, _SIZE = 2.6, 10
_BELOW = 1.3
"""Inches of names below a panel that are written upwards."""


def importance_size(found: Importances) -> tuple[float, float]:
    """The size in inches: a line for each column."""
    return bars_size(len(found.columns))


def contributions_size(found: Contributions) -> tuple[float, float]:
    """The size in inches: a line for each column."""
    return bars_size(len(found.columns))


def bars_size(count: int) -> tuple[float, float]:
    """The size in inches of so many bars."""
    return WIDTH, max(0.45 * HEIGHT, _LINE * min(count, _MOST_BARS) + 1.0)


def draw_importance(figure: Figure, style: Style, found: Importances) -> None:
    """A bar for each column, the most important on top, with a dot for each time that it was shuffled."""
    axes = figure.subplots()
    shown = found.columns[:_MOST_BARS]
    lines = np.arange(len(shown))
    axes.barh(lines, [one.mean() for one in shown], height=0.62, color=style.mixed(style.blue, 0.75), zorder=2)
    for line, one in zip(lines, shown, strict=True):
        times = one.changes["loss"]
        axes.plot(times, np.full(len(times), line), ".", color=style.ink, markersize=4, alpha=0.6, zorder=3)
    names_beside(axes, style, [one.name for one in shown])
    axes.set_xlabel("growth of the loss when the column is shuffled")


def draw_contributions(
    figure: Figure, style: Style, found: Contributions, cells: Sequence[str], *, are_shares: bool
) -> None:
    """A bar for each column, to the right where it raises the prediction and to the left where it lowers it."""
    axes = figure.subplots()
    order = np.argsort(-np.abs(found.values), kind="stable")[:_MOST_BARS]
    values = found.values[order]
    colours = [style.blue if value >= 0 else style.orange for value in values]
    axes.barh(np.arange(len(order)), values, height=0.62, color=colours, zorder=2)
    names_beside(axes, style, [f"{found.columns[place]} = {cells[place]}" for place in order])
    axes.set_xlabel(f"adds to the prediction of {shortened(found.output, _NAME_ROOM, _SIZE)}")
    if are_shares:
        axes.xaxis.set_major_formatter(PercentFormatter(1))


def names_beside(axes: Axes, style: Style, names: Sequence[str]) -> None:
    """Names beside bars, one a line from the top, and the line where bars begin."""
    axes.set_yticks(np.arange(len(names)), all_shortened(names, _NAME_ROOM, _SIZE))
    axes.set_ylim(len(names) - 0.4, -0.6)
    axes.axvline(0, color=style.faint, linewidth=1)
    axes.grid(visible=False, axis="y")
    axes.xaxis.set_major_locator(MaxNLocator(6))


def dependence_size(found: Sequence[Dependence]) -> tuple[float, float]:
    """The size in inches: panels in two columns."""
    rows = -(-min(len(found), _MOST_PANELS) // 2)
    return WIDTH, 0.3 + 0.68 * HEIGHT * rows


def draw_dependence(figure: Figure, style: Style, found: Sequence[Dependence]) -> None:
    """A panel for each column: numbers as lines over their range, names as their means with the rows as dots."""
    shown = found[:_MOST_PANELS]
    width = min(2, len(shown))
    grid = figure.subplots(-(-len(shown) // width), width, squeeze=False).ravel()
    for axes, one in zip(grid, shown, strict=False):
        output = one.most_moved
        values = one.individual[:: max(1, -(-len(one.individual) // _MOST_LINES)), :, output]
        if one.is_ordered:
            is_number = not isinstance(one.cells[0], str)
            x = np.array(one.cells, np.float64) if is_number else np.arange(len(one.cells), dtype=np.float64)
            axes.plot(x, values.T, color=style.mixed(style.faint, 0.45), linewidth=0.7, zorder=1)
            axes.plot(x, one.mean[:, output], color=style.blue, linewidth=2.6, zorder=3)
            axes.xaxis.set_major_locator(MaxNLocator(5))
            if not is_number:
                places = np.unique(np.linspace(0, len(x) - 1, 3).round().astype(int))
                axes.set_xticks(places, [str(one.cells[place]) for place in places])
        else:
            names = [str(cell) or "(missing)" for cell in one.cells[:_MOST_NAMES]]
            x = np.arange(len(names), dtype=np.float64)
            axes.plot(x, values[:, : len(x)].T, ".", color=style.mixed(style.faint, 0.45), markersize=4, zorder=1)
            axes.plot(x, one.mean[: len(x), output], "_", color=style.blue, markersize=26, markeredgewidth=3, zorder=3)
            flat = len(names) <= 4
            axes.set_xticks(
                x,
                all_shortened(names, 0.8 if flat else _BELOW, _SIZE),
                rotation=0 if flat else 45,
                ha="center" if flat else "right",
            )
            axes.set_xlim(-0.6, len(names) - 0.4)
        axes.set_xlabel(shortened(one.column, _NAME_ROOM, _SIZE))
        if one.are_shares:
            axes.yaxis.set_major_formatter(PercentFormatter(1))
        axes.set_ylabel(shortened(one.outputs[output], 2.2, _SIZE))
    for axes in grid[len(shown) :]:
        axes.set_visible(False)
