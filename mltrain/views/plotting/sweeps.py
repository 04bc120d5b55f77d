"""Pictures of a sweep: its course, the importance of its parameters, slices, and parallel coordinates."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.ticker import LogLocator, MaxNLocator, PercentFormatter

from mltrain.views.insight.sweep_insight import Objective, ParameterAxis, SweepInsight
from mltrain.views.plotting.columns import bars_size, names_beside
from mltrain.views.plotting.learning_curves import scale_by_powers
from mltrain.views.plotting.style import HEIGHT, WIDTH, Style
from mltrain.views.plotting.words import all_shortened, shortened

MOST_PANELS, MOST_AXES, MOST_LINES = 9, 9, 100
"""The largest numbers of slices, and of parameters and trials side by side."""

_SIZE, _SMALL = 10, 9
_FLAT_NAMES, _BELOW = 4, 1.1
"""The largest number of names that are written across, and the inches of names that are written upwards."""

_JITTER = 0.22
"""How far apart, at most, trials of one name are drawn, as a share of the distance between names."""

_PRUNED, _FAILED = (0, (4, 2)), (0, (1, 2))
"""Dashes of lines of such trials."""

_MARGIN = 0.06
"""What an axis of values shows beyond its ends, as a share of its length."""

_STEPS = [1, 2, 5, 10]
"""Distances of ticks, as multiples of powers of ten."""

_EDGE = 0.025
"""How far from its end the marks of trials beyond an axis, or without a value, are, as a share of it."""


def draw_sweep_history(figure: Figure, style: Style, insight: SweepInsight, objective: Objective) -> None:
    """The value of each trial over its number, and the best so far as a line."""
    axes = figure.subplots()
    numbers = [float(one.number) for one in insight.trials]
    course = [min(max(value, objective.low), objective.high) for value in insight.course]
    axes.step(numbers, course, where="post", color=style.blue, linewidth=2, zorder=2)
    _points(axes, style, insight, objective, numbers)
    _scale_values(axes, objective)
    axes.set_xlabel("trial")
    axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=_STEPS))
    room = max(0.5, 0.015 * len(numbers))
    axes.set_xlim(numbers[0] - room, numbers[-1] + room)
    line = Line2D([], [], color=style.blue, linewidth=2, label="best so far")
    _legend(figure, style, insight, objective, [line])


def importance_of_parameters_size(importances: dict[str, float]) -> tuple[float, float]:
    """The size in inches: a line for each parameter."""
    return bars_size(len(importances))


def draw_parameter_importance(figure: Figure, style: Style, importances: dict[str, float]) -> None:
    """A bar for each parameter, the most important on top, with its share."""
    axes = figure.subplots()
    lines = np.arange(len(importances))
    shares = list(importances.values())
    axes.barh(lines, shares, height=0.62, color=style.blue, alpha=0.75, zorder=2)
    for line, share in zip(lines, shares, strict=True):
        axes.annotate(f"{share:.0%}", (share, line), xytext=(4, 0), textcoords="offset points", va="center", size=_SIZE)
    names_beside(axes, style, list(importances))
    axes.set_xlim(0, max(shares) * 1.1 or 1)
    axes.xaxis.set_major_locator(MaxNLocator(6, steps=_STEPS))
    axes.xaxis.set_major_formatter(PercentFormatter(1, decimals=0))
    axes.set_xlabel("importance")


def slices_size(axes: Sequence[ParameterAxis]) -> tuple[float, float]:
    """The size in inches: panels in two columns, or in three where there are many."""
    shown = axes[:MOST_PANELS]
    across = _across(len(shown))
    return WIDTH, 0.5 + (0.72 if across < 3 else 0.62) * HEIGHT * -(-len(shown) // across)


def _across(count: int) -> int:
    return count if count < 3 else 2 if count == 4 else 3


def draw_slices(figure: Figure, style: Style, insight: SweepInsight, objective: Objective) -> None:
    """A panel for each parameter: the value of each trial over the parameter's, later trials stronger."""
    shown = insight.axes[:MOST_PANELS]
    across = _across(len(shown))
    panels = figure.subplots(-(-len(shown) // across), across, squeeze=False)
    for axes in panels.ravel()[len(shown) :]:
        axes.set_visible(False)
    for place, (axes, one) in enumerate(zip(panels.ravel(), shown, strict=False)):
        _scale_parameter(axes, one, narrow=across == 3)
        _points(axes, style, insight, objective, _spread(one))
        _scale_values(axes, objective, labelled=place % across == 0)
        axes.set_xlabel(shortened(one.path, WIDTH / across - 0.7, _SIZE), size=_SIZE)
    _legend(figure, style, insight, objective, [])


def parallel_size() -> tuple[float, float]:
    """The size in inches."""
    return WIDTH, HEIGHT + 0.3


def draw_parallel(figure: Figure, style: Style, insight: SweepInsight, objective: Objective) -> None:
    """A vertical axis for each parameter and for the value, and a line for each trial, better ones stronger."""
    axes = figure.subplots()
    shown = insight.axes[:MOST_AXES]
    last = len(shown)
    worst_at = 0.0 if objective.rises else 1.0
    shares = [_share_of_trials(one) for one in shown]
    drawn = insight.sweep.ranked[:MOST_LINES]
    complete = min(len(drawn), len(insight.sweep.complete))
    for rank, place in enumerate(drawn):
        trial = insight.trials[place]
        heights = [share[place] for share in shares]
        end = objective.share(place) if trial.value is not None else worst_at
        look: dict[str, Any]
        if place == insight.best:
            look = {"color": style.orange, "linewidth": 2.6, "zorder": 5, "marker": "D", "markersize": 5}
        elif trial.state == "complete":
            good = 1 - rank / complete
            look = {"color": style.blue, "alpha": 0.2 + 0.8 * good**1.5, "linewidth": 1.3, "zorder": 3 + good}
        else:
            dash = _PRUNED if trial.state == "pruned" else _FAILED
            colour, share = (style.faint, 0.55) if trial.state == "pruned" else (style.ink, 0.6)
            look = {"color": colour, "alpha": share, "linewidth": 0.9, "zorder": 2, "linestyle": dash}
        axes.plot(range(last + 1), [*heights, end], **look)
    room = min(1.9, (WIDTH - 1.2) / max(1, last))
    for place, one in enumerate(shown):
        _ticks_of(axes, style, place, _parameter_ticks(one, min(0.85, room - 0.2)))
    _ticks_of(axes, style, last, _value_ticks(objective), right=True)
    names = [shortened(one.path, 2 * room - 0.2, _SMALL) for one in shown]
    for place, name in enumerate([*names, objective.metric]):
        axes.plot([place, place], [0, 1], color=style.faint, linewidth=1.2, zorder=6)
        axes.text(place, 1.06, _in_two(name, room), ha="center", va="bottom", size=_SMALL)
    axes.set_xlim(-0.45, last + 0.5)
    axes.set_ylim(-0.03, 1.15)
    axes.set_axis_off()
    lines = [Line2D([], [], color=style.orange, linewidth=2.6, marker="D", markersize=5, label="best")]
    lines.append(Line2D([], [], color=style.blue, linewidth=1.3, label="complete, the better the stronger"))
    for state, ink, dash in (("pruned", style.faint, _PRUNED), ("failed", style.ink, _FAILED)):
        if any(insight.trials[place].state == state for place in drawn):
            lines.append(Line2D([], [], color=ink, linewidth=0.9, linestyle=dash, label=state))
    figure.legend(handles=lines, loc="outside lower center", ncols=len(lines))


def _points(axes: Axes, style: Style, insight: SweepInsight, objective: Objective, across: Sequence[float]) -> None:
    """A mark for each trial: its state by form, its place in time by colour; outside of the axis at its edge."""
    count = max(1, len(insight.trials) - 1)
    edge, beside = _EDGE if objective.rises else 1 - _EDGE, axes.get_xaxis_transform()
    groups: dict[tuple[str, bool, bool], list[int]] = {}
    for place, trial in enumerate(insight.trials):
        if math.isnan(objective.values[place]):
            form, is_complete, is_beyond = "x", False, True
        else:
            is_complete, is_beyond = trial.state == "complete", place in objective.beyond
            form = ("v" if objective.rises else "^") if is_beyond else "o"
        groups.setdefault((form, is_complete, is_beyond), []).append(place)
    for (form, is_complete, is_beyond), places in groups.items():
        looks: dict[str, Any] = {"s": 20, "facecolors": style.background, "edgecolors": style.faint, "linewidths": 1.1}
        if is_complete:
            # Opacity, not mixed colours: those of a page change with its ground.
            shares = [0.35 + 0.65 * place / count for place in places]
            looks = {"s": 30, "color": style.blue, "alpha": shares, "linewidths": 0}
        elif form == "x":
            looks = {"s": 36, "color": style.ink, "linewidths": 1.2}
        axes.scatter(
            [across[place] for place in places],
            [edge if is_beyond else objective.values[place] for place in places],
            marker=form,
            transform=beside if is_beyond else axes.transData,
            zorder=4 if is_complete else 3,
            **looks,
        )
    if insight.best is not None:
        best = insight.best
        axes.plot([across[best]], [objective.clipped(best)], "D", color=style.orange, markersize=7, zorder=6)


def _legend(figure: Figure, style: Style, insight: SweepInsight, objective: Objective, lines: Sequence[Line2D]) -> None:
    def mark(form: str, label: str, **look: Any) -> Line2D:
        return Line2D([], [], linestyle="", marker=form, markersize=6, label=label, **look)

    found = [*lines, mark("D", "best", color=style.orange), mark("o", "complete", color=style.blue)]
    if insight.sweep.trials_of("pruned"):
        found.append(mark("o", "pruned", markerfacecolor=style.background, markeredgecolor=style.faint))
    if insight.sweep.trials_of("failed"):
        found.append(mark("x", "failed", color=style.ink))
    if objective.beyond:
        found.append(mark("v" if objective.rises else "^", "beyond the axis", color=style.blue))
    figure.legend(handles=found, loc="outside lower center", ncols=len(found), handletextpad=0.3, columnspacing=1.4)


def _scale_values(axes: Axes, objective: Objective, *, labelled: bool = True) -> None:
    low, high = objective.low, objective.high
    if objective.logarithmic:
        scale_by_powers(axes, [low, high])
        factor = (high / low) ** _MARGIN if high > low else 2.0
        axes.set_ylim(low / factor, high * factor**1.5)
    else:
        room = _MARGIN * (high - low) or 0.1 * abs(high) or 1.0
        more = 1.5 * room
        axes.set_ylim(low - (more if objective.rises else room), high + (room if objective.rises else more))
    if labelled:
        axes.set_ylabel(objective.metric + (" (log scale)" if objective.logarithmic else ""))
    else:
        axes.tick_params(axis="y", which="both", labelleft=False)


def _scale_parameter(axes: Axes, one: ParameterAxis, *, narrow: bool) -> None:
    if one.names:
        flat = len(one.names) <= _FLAT_NAMES and sum(map(len, one.names)) <= (14 if narrow else 30)
        axes.set_xticks(
            range(len(one.names)),
            all_shortened(one.names, 0.9 if flat else _BELOW, _SMALL),
            rotation=0 if flat else 40,
            ha="center" if flat else "right",
            rotation_mode="anchor",
            size=_SMALL,
        )
        axes.set_xlim(-0.6, len(one.names) - 0.4)
        return
    if one.logarithmic:
        scale_by_powers(axes, [one.low, one.high], "x", 5 if narrow else 7)
        factor = (one.high / one.low) ** _MARGIN
        axes.set_xlim(one.low / factor, one.high * factor)
    else:
        room = _MARGIN * (one.high - one.low)
        axes.set_xlim(one.low - room, one.high + room)
        axes.xaxis.set_major_locator(MaxNLocator(4 if narrow else 6, integer=one.whole, steps=_STEPS))
    axes.tick_params(axis="x", labelsize=_SMALL)


def _spread(one: ParameterAxis) -> list[float]:
    """Values along the axis; trials of one name stand beside each other, in the order of time."""
    if not one.names:
        return list(one.values)
    return [value + _JITTER * offset for value, offset in zip(one.values, _offsets(one), strict=True)]


def _offsets(one: ParameterAxis) -> list[float]:
    """From -1 to 1, evenly spread over the trials of a name."""
    counts = {name: one.values.count(name) for name in set(one.values)}
    seen = dict.fromkeys(counts, 0)
    found = []
    for value in one.values:
        found.append(0.0 if counts[value] == 1 else 2 * seen[value] / (counts[value] - 1) - 1)
        seen[value] += 1
    return found


def _share_of_trials(one: ParameterAxis) -> list[float]:
    """The height of each trial on a vertical axis; trials of one name are spread a little."""
    if not one.names:
        return [one.share(value) if math.isfinite(value) else math.nan for value in one.values]
    count = len(one.names)
    return [(value + 0.5 + 0.3 * offset) / count for value, offset in zip(one.values, _offsets(one), strict=True)]


def _parameter_ticks(one: ParameterAxis, room: float) -> list[tuple[float, str]]:
    if one.names:
        names = all_shortened(one.names, room, _SMALL)
        return [((place + 0.5) / len(names), name) for place, name in enumerate(names)]
    return _number_ticks(one.low, one.high, logarithmic=one.logarithmic, whole=one.whole)


def _value_ticks(objective: Objective) -> list[tuple[float, str]]:
    return _number_ticks(objective.low, objective.high, logarithmic=objective.logarithmic, whole=False)


def _number_ticks(low: float, high: float, *, logarithmic: bool, whole: bool) -> list[tuple[float, str]]:
    """Places from 0 to 1 and texts: both ends, and round numbers in between."""
    if high <= low:
        return [(0.0, _short(low))]
    locator = LogLocator(numticks=6) if logarithmic else MaxNLocator(5, integer=whole, steps=_STEPS)
    start, stop = (math.log(end) if logarithmic else end for end in (low, high))
    places = [((math.log(at) if logarithmic else at) - start) / (stop - start) for at in (low, high)]
    found = [(places[0], _short(low)), (places[1], _short(high))]
    for value in locator.tick_values(low, high):
        if low < value < high:
            place = ((math.log(value) if logarithmic else float(value)) - start) / (stop - start)
            if 0.08 < place < 0.92:
                found.append((place, _short(float(value))))
    return sorted(found)


def _short(value: float) -> str:
    """``64``, ``0.0001``, ``1e5`` or ``1.66e−5``."""
    digits, _, power = f"{value:.3g}".partition("e")
    return (f"{digits}e{int(power)}" if power else digits).replace("-", "−")


def _ticks_of(axes: Axes, style: Style, place: int, ticks: Sequence[tuple[float, str]], *, right: bool = False) -> None:
    box = {"facecolor": style.background, "edgecolor": "none", "alpha": 0.8, "pad": 0.6}
    for height, text in ticks:
        axes.plot([place], [height], "_", color=style.faint, markersize=6, zorder=6)
        axes.annotate(
            text,
            (place, height),
            xytext=(6 if right else -5, 0),
            textcoords="offset points",
            ha="left" if right else "right",
            va="center",
            size=_SMALL,
            bbox=box,
            zorder=7,
        )


def _in_two(name: str, room: float) -> str:
    """The name of a parameter, in two lines if one is too short for it."""
    if shortened(name, room, _SMALL) == name or "." not in name:
        return name
    first, _, last = name.rpartition(".")
    return f"{shortened(first + '.', room, _SMALL)}\n{shortened(last, room, _SMALL)}"
