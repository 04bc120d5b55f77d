"""Loss, metrics and tracked parameters over the epochs."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any, Literal

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, LogLocator, MaxNLocator, NullFormatter

from mltrain.views.insight.learning_curves import LearningCurves, Measure, Tracks
from mltrain.views.plotting.style import HEIGHT, WIDTH, Style
from mltrain.views.plotting.words import shortened
from mltrain.views.terminal.number_format import number

_ACROSS, _ROW = 2, 3.4
"""The number of panels per row, and the height of one of several rows in inches."""

_NUMBERED, _LABELS = 3, 7
"""The largest number of decades with plain numbers on a logarithmic scale, and the approximate limit of labels."""

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")

_POINTS = 200
"""The number of points of each line that are checked to find a free place for text."""

_BEST_WIDTH, _BEST_HEIGHT = 0.4, 0.22
"""The size of the text about the best epoch, as shares of a panel."""

_LABEL_SIZE, _LABEL_ROOM = 10, 1.4
"""The font size in points and the width in inches of parameter names at the ends of lines."""

_FEW = 30
"""The largest number of epochs for which each has a dot."""


def learning_curves_size(course: LearningCurves) -> tuple[float, float]:
    """The size of the panels in inches."""
    rows = _rows(course)
    return WIDTH, HEIGHT if rows == 1 else _ROW * rows


def _rows(course: LearningCurves) -> int:
    return math.ceil(len(course.measures) / _ACROSS)


def draw_learning_curves(figure: Figure, style: Style, course: LearningCurves) -> None:
    """A panel for the loss and each metric, training solid and validation dashed, the best epoch of each marked."""
    panels = figure.subplots(_rows(course), min(_ACROSS, len(course.measures)), squeeze=False).flat
    for axes in panels[len(course.measures) :]:
        axes.remove()
    for axes, measure in zip(panels, course.measures, strict=False):
        draw_measure(axes, style, course, measure)
        _mark_best(axes, style, course, measure)
    if course.measures[0].validation:
        figure.legend(*panels[0].get_legend_handles_labels(), loc="outside lower center", ncols=2)


def draw_measure(axes: Axes, style: Style, course: LearningCurves, measure: Measure, until: int | None = None) -> None:
    """One measure over the epochs; the part after the epoch ``until`` is faint."""
    both = [("training", measure.training, style.blue, "-"), ("validation", measure.validation, style.orange, "--")]
    for name, values, colour, dash in both:
        if values:
            draw_until(axes, style, course.epochs, values, until, color=colour, linestyle=dash, label=name)
    if measure.logarithmic:
        scale_by_powers(axes, [value for value in (*measure.training, *measure.validation) if math.isfinite(value)])
    _label(axes, measure.name.replace("_", " ") + (" (log scale)" if measure.logarithmic else ""))


def scale_by_powers(axes: Axes, values: Sequence[float], side: Literal["x", "y"] = "y", labels: int = _LABELS) -> None:
    """A logarithmic scale with a few labels in one format: plain numbers within three decades, else powers of ten."""
    axis = axes.yaxis if side == "y" else axes.xaxis
    axes.set(**{f"{side}scale": "log"})
    decades = math.log10(max(values) / min(values))
    few = decades <= _NUMBERED and min(values) >= 1e-4 and max(values) < 1e5
    steps = (1.0, 2.0, 5.0) if decades <= _NUMBERED / 2 else (1.0,)
    axis.set_major_locator(LogLocator(subs=steps, numticks=labels))
    axis.set_major_formatter(FuncFormatter(_number if few else power_label))
    axis.set_minor_formatter(NullFormatter())


def _number(value: float, _place: int | None) -> str:
    return f"{value:.10f}".rstrip("0").rstrip(".") if value < 1 else f"{value:g}"


def power_label(value: float, _place: int | None) -> str:
    """A power of ten, as 10⁻⁵, or a multiple of one, as 2·10⁻⁵."""
    exponent = math.floor(math.log10(value) + 1e-9)
    factor = round(value / 10**exponent)
    return ("" if factor == 1 else f"{factor}·") + "10" + str(exponent).translate(_RAISED)


def draw_until(
    axes: Axes, style: Style, epochs: Sequence[int], values: Sequence[float], until: int | None, **look: Any
) -> None:
    """A line over the epochs; if it ends early, there is a dot at its end and a faint trace of the rest."""
    marker = "o" if len(epochs) <= _FEW and until is None else ""
    count = len(epochs) if until is None else bisect_right(epochs, until)
    axes.plot(epochs[:count], values[:count], marker=marker, markersize=4, **look)
    if until is not None:
        axes.plot(epochs, values, color=style.grid, linewidth=1.2, zorder=1)
        axes.plot(epochs[max(0, count - 1) : count], values[max(0, count - 1) : count], "o", color=look["color"])


def _mark_best(axes: Axes, style: Style, course: LearningCurves, measure: Measure) -> None:
    if measure.best is None:
        return
    best, value = course.epochs[measure.best], measure.judged[measure.best]
    axes.axvline(best, color=style.faint, linewidth=1, linestyle=":")
    axes.plot([best], [value], "D", color=style.ink, markersize=6, zorder=5)
    right, top = _free_corner(axes, course, measure, best)
    axes.annotate(
        f"best: epoch {best}\n{number(value)}",
        (best, 0.97 if top else 0.03),
        xycoords=("data", "axes fraction"),
        xytext=(6 if right else -6, 0),
        textcoords="offset points",
        ha="left" if right else "right",
        va="top" if top else "bottom",
        size=10,
    )


def _free_corner(axes: Axes, course: LearningCurves, measure: Measure, best: int) -> tuple[bool, bool]:
    """Whether the text about the best epoch is right of its line, and at its top: the corner with the fewest values."""
    axes.autoscale_view()
    across = np.linspace(course.epochs[0], course.epochs[-1], _POINTS)
    both = [np.interp(across, course.epochs, values) for values in (measure.training, measure.validation) if values]
    at_best = (best, measure.judged[measure.best or 0])
    corners = [at_best, *((x, y) for values in both for x, y in zip(across, values, strict=True))]
    points = axes.transAxes.inverted().transform(axes.transData.transform(corners))
    at = float(points[0, 0])

    def hidden(corner: tuple[bool, bool]) -> float:
        begins, ends = (at, at + _BEST_WIDTH) if corner[0] else (at - _BEST_WIDTH, at)
        if ends > 1.02 or begins < -0.02:
            return math.inf
        beside = points[(points[:, 0] >= begins) & (points[:, 0] <= ends)][:, 1]
        return float(((beside > 1 - _BEST_HEIGHT) if corner[1] else (beside < _BEST_HEIGHT)).sum())

    return min(((False, True), (True, True), (False, False), (True, False)), key=hidden)


def draw_tracks(figure: Figure, style: Style, tracks: Tracks) -> None:
    """A line for each parameter, labelled at its end; true values dashed."""
    axes = figure.subplots()
    draw_track_lines(axes, style, tracks)


def draw_track_lines(axes: Axes, style: Style, tracks: Tracks, until: int | None = None) -> None:
    """The lines of tracked parameters, up to the epoch ``until``, each with its name and value at the border."""
    ends = []
    for place, (label, values) in enumerate(tracks.values.items()):
        colour = style.series(place)
        draw_until(axes, style, tracks.epochs, values, until, color=colour, label=label)
        at = -1 if until is None else bisect_right(tracks.epochs, until) - 1
        text = f"{shortened(label, _LABEL_ROOM, _LABEL_SIZE)} = {values[at]:.3g}"
        if label in tracks.truth:
            axes.axhline(tracks.truth[label], color=colour, linestyle="--", linewidth=1.4, label=f"true {label}")
            text += f"\n(true: {tracks.truth[label]:g})"
        ends.append((values[-1], text, colour))
    _label(axes, "value")
    _label_ends(axes, ends, tracks.epochs[-1])


def _label_ends(axes: Axes, ends: Sequence[tuple[float, str, str]], last: int) -> None:
    """Texts at the ends of lines, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    least = (high - low) / 8
    place = low - least
    for value, text, colour in sorted(ends):
        place = max(value, place + least)
        axes.annotate(
            text,
            (last, value),
            xytext=(1.015, place),
            textcoords=("axes fraction", "data"),
            color=colour,
            weight="bold",
            size=_LABEL_SIZE,
            va="center",
        )


def _label(axes: Axes, title: str) -> None:
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
