"""Loss, metrics and tracked parameters over the epochs."""

from collections.abc import Sequence

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator

from mltrain.insight.course import Course, Measure, Tracks
from mltrain.plotting.style import Style

_FEW = 30
"""Up to so many epochs, each has a dot."""


def draw_course(figure: Figure, style: Style, course: Course) -> None:
    """A panel for the loss and each metric, training solid and validation dashed, the best epoch marked."""
    panels = figure.subplots(1, len(course.measures), squeeze=False)[0]
    for axes, measure in zip(panels, course.measures, strict=True):
        _draw_measure(axes, style, course, measure)
        _label(axes, measure.name.replace("_", " ") + (" (log scale)" if measure.logarithmic else ""))
    loss = course.measures[0]
    if loss.validation:
        panels[0].legend(loc="lower right", bbox_to_anchor=(1, 0.98), ncols=2)


def _draw_measure(axes: Axes, style: Style, course: Course, measure: Measure) -> None:
    if measure.logarithmic:
        axes.set_yscale("log")
        axes.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.yaxis.set_minor_formatter(FuncFormatter(_some_between))
    marker = "o" if len(course.epochs) <= _FEW else ""
    axes.plot(course.epochs, measure.training, color=style.blue, marker=marker, markersize=4, label="training")
    if measure.validation:
        axes.plot(
            course.epochs, measure.validation, "--", color=style.orange, marker=marker, markersize=4, label="validation"
        )
    judged = measure.validation or measure.training
    best = course.epochs[course.best]
    axes.axvline(best, color=style.faint, linewidth=1, linestyle=":")
    axes.plot([best], [judged[course.best]], "D", color=style.ink, markersize=6, zorder=5)
    late = best > (course.epochs[0] + course.epochs[-1]) / 2
    low = _height(axes, judged[course.best]) < 0.5  # the words go to the other end of the dotted line
    axes.annotate(
        f"best: epoch {best}\n{judged[course.best]:.4g}",
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
    ends = []
    for number, (label, values) in enumerate(tracks.values.items()):
        colour = style.cycle[number % len(style.cycle)]
        marker = "o" if len(tracks.epochs) <= _FEW else ""
        axes.plot(tracks.epochs, values, color=colour, marker=marker, markersize=4, label=label)
        text = f"{label} = {values[-1]:.3g}"
        if label in tracks.truth:
            axes.axhline(tracks.truth[label], color=colour, linestyle="--", linewidth=1.4, label=f"true {label}")
            text += f" (true: {tracks.truth[label]:g})"
        ends.append((values[-1], text, colour))
    _label(axes, "value")
    _label_ends(axes, ends, tracks.epochs[-1])


def _label_ends(axes: Axes, ends: Sequence[tuple[float, str, str]], last: int) -> None:
    """Texts at the ends of lines, moved apart where they would overlap."""
    low, high = axes.get_ylim()
    least = (high - low) / 16
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
