"""Loss, metrics and tracked parameters over the epochs."""

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Any

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from mltrain.views.insight.learning_curves import LearningCurves, Measure, Tracks
from mltrain.views.plotting.style import HEIGHT, WIDTH, Style
from mltrain.views.terminal.number_format import number

_ACROSS, _ROW = 2, 3.4
"""Panels beside each other, and the inches that a row of them is high if there are several."""

_FEW = 30
"""Up to so many epochs, each has a dot."""


def learning_curves_size(course: LearningCurves) -> tuple[float, float]:
    """Room for the panels, in inches."""
    rows = _rows(course)
    return WIDTH, HEIGHT if rows == 1 else _ROW * rows


def _rows(course: LearningCurves) -> int:
    return math.ceil(len(course.measures) / _ACROSS)


def draw_learning_curves(figure: Figure, style: Style, course: LearningCurves) -> None:
    """A panel for the loss and each metric, training solid and validation dashed, the best epoch marked."""
    panels = figure.subplots(_rows(course), min(_ACROSS, len(course.measures)), squeeze=False).flat
    for axes in panels[len(course.measures) :]:
        axes.remove()
    for axes, measure in zip(panels, course.measures, strict=False):
        draw_measure(axes, style, course, measure)
        _mark_best(axes, style, course, measure)


def draw_measure(axes: Axes, style: Style, course: LearningCurves, measure: Measure, until: int | None = None) -> None:
    """One measure over the epochs; what came after the epoch ``until`` is only hinted at."""
    if measure.logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(FuncFormatter(_some_between))
    both = [("training", measure.training, style.blue, "-"), ("validation", measure.validation, style.orange, "--")]
    for name, values, colour, dash in both:
        if values:
            draw_until(axes, style, course.epochs, values, until, color=colour, linestyle=dash, label=name)
    if measure.validation:
        axes.legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2)
    _label(axes, measure.name.replace("_", " ") + (" (log scale)" if measure.logarithmic else ""))


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
    judged = measure.validation or measure.training
    best = course.epochs[course.best]
    axes.axvline(best, color=style.faint, linewidth=1, linestyle=":")
    axes.plot([best], [judged[course.best]], "D", color=style.ink, markersize=6, zorder=5)
    late = best > (course.epochs[0] + course.epochs[-1]) / 2
    low = _height(axes, judged[course.best]) < 0.5  # the words go to the other end of the dotted line
    axes.annotate(
        f"best: epoch {best}\n{number(judged[course.best])}",
        (best, 0.97 if low else 0.03),
        xycoords=("data", "axes fraction"),
        xytext=(-6 if late else 6, 0),
        textcoords="offset points",
        ha="right" if late else "left",
        va="top" if low else "bottom",
        size=10,
    )


def _some_between(value: float, _place: int) -> str:
    """Words for 2 and 5, 20 and 50, ...: enough to read a logarithmic scale."""
    text = f"{value:.0e}"
    return f"{value:g}" if text[0] in "25" else ""


def _height(axes: Axes, value: float) -> float:
    """Where ``value`` lies between the lower (0) and the upper (1) end of the axes."""
    return float(axes.transAxes.inverted().transform(axes.transData.transform((0, value)))[1])


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
        text = f"{label} = {values[at]:.3g}"
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
            size=10,
            va="center",
        )


def _label(axes: Axes, title: str) -> None:
    axes.set_title(title)
    axes.set_xlabel("epoch")
    axes.xaxis.set_major_locator(MaxNLocator(6, integer=True))
