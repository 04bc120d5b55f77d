"""Text plots of the loss: one line of blocks below the live table, and a curve of several lines at the end."""

import math
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from mltrain.views.terminal.ascii_fallback import BRAILLE, DOTS
from mltrain.views.terminal.number_format import number
from mltrain.views.terminal.views import ACCENT, FAINT, GAP, Line, Span, View, cells

_BLOCKS = "▁▂▃▄▅▆▇█"

_COLUMNS_AN_EPOCH, _SHORTEST_LINE = 3, 6

_DECADES = 100
"""From this ratio of the largest to the smallest value on, the scale is logarithmic."""

WIDEST = 80
"""Drawings get no wider than this: a curve that is very flat is hard to read."""

_DOT_ROWS, _DOT_COLUMNS = len(DOTS), len(DOTS[0])


class Scale:
    """Maps the finite ones of ``values`` to 0..1; logarithmic where they span decades, unless ``linear``."""

    def __init__(self, values: Sequence[float], *, linear: bool = False):
        finite = [value for value in values if math.isfinite(value)]
        self.low, self.high = min(finite, default=0.0), max(finite, default=0.0)
        self.logarithmic = not linear and 0 < self.low * _DECADES <= self.high
        self._start, self._stop = self._raw(self.low), self._raw(self.high)

    def __call__(self, value: float) -> float:
        """Where ``value`` lies between the smallest (0) and the largest (1); all are 0 if they are the same."""
        return (self._raw(value) - self._start) / ((self._stop - self._start) or 1)

    def _raw(self, value: float) -> float:
        return math.log(value) if self.logarithmic else value


def sampled(values: Sequence[float], count: int) -> list[float]:
    """``count`` of the values, evenly spaced, including the first and the last; repeated if there are fewer."""
    if len(values) <= count:
        return [values[index * len(values) // count] for index in range(count)]
    return [values[place] for place in _spread(count, len(values))]


def _spread(count: int, room: int) -> list[int]:
    """``count`` places in 0..room-1, evenly spread from end to end."""
    return [round(index * (room - 1) / max(1, count - 1)) for index in range(count)]


def blocks(values: Sequence[float], scale: Scale) -> str:
    """One block character per value, higher for larger ones; a blank for infinity and NaN."""
    top = len(_BLOCKS) - 1
    return "".join(_BLOCKS[round(scale(value) * top)] if math.isfinite(value) else " " for value in values)


@dataclass(frozen=True)
class LossLine(View):
    """The course of the loss, and of that on the validation rows, as a line of blocks each.

    ``series`` are values an epoch, by name, in one scale. A line takes no more than the ``share`` (0..1) of the
    width, so that it grows as training proceeds, and a few columns an epoch.
    """

    series: Mapping[str, Sequence[float]]
    share: float = 1.0

    def lines(self, width: int | None) -> Iterator[Line]:
        label_width = max(map(cells, self.series))
        results = {name: f"{number(values[0])} → {number(values[-1])}" for name, values in self.series.items()}
        room = min(width or WIDEST, WIDEST) - label_width - max(map(len, results.values())) - 2 * len(GAP)
        shown = {
            name: sampled(values, max(1, min(int(room * self.share), _COLUMNS_AN_EPOCH * len(values))))
            for name, values in self.series.items()
        }
        scale = Scale([value for values in shown.values() for value in values])
        for name, values in shown.items():
            label = Span(f"{name:<{label_width}}{GAP}", FAINT)
            if room < _SHORTEST_LINE:
                yield [label, Span(number(self.series[name][-1]))]
            else:
                yield [label, Span(blocks(values, scale), ACCENT), Span(GAP + results[name])]


@dataclass(frozen=True)
class LossCurve(View):
    """The loss over the epochs as a curve: braille dots, four by two a character, the epochs below, the loss beside.

    ``validation``, where there is one, is drawn in the same scale as a row of circles. ``names`` are those of the
    curve, the circles and the steps.
    """

    losses: Sequence[float]
    validation: Sequence[float] = ()
    first_epoch: int = 1
    height: int = 6
    names: tuple[str, str, str] = ("loss", "val_loss", "epoch")

    def lines(self, width: int | None) -> Iterator[Line]:
        scale = Scale([*self.losses, *self.validation])
        high, low = number(scale.high), number(scale.low)
        gutter = max(len(high), len(low))
        columns = max(8, min(width or WIDEST, WIDEST) - gutter - 2)
        rows = _circles(self.validation, scale, columns, self.height)
        curve = braille(self.losses, scale, columns, self.height)

        yield [Span(" " * (gutter + 2)), *self.legend(scale)]
        for index, (dots, circles) in enumerate(zip(curve, rows, strict=True)):
            label = high if index == 0 else low if index == self.height - 1 else ""
            axis = Span(f"{label:>{gutter}} {'┤' if label else '│'}", FAINT)
            yield [axis, *_overlaid(dots, circles)]
        yield [Span(f"{'':>{gutter}} └{self.axis(columns)}", FAINT)]

    def legend(self, scale: Scale) -> Line:
        """The line above: what is drawn."""
        circles = [Span(f"  ○ {self.names[1]}")] if self.validation else []
        return [Span(self.names[0], ACCENT), *circles, Span("  (log scale)" if scale.logarithmic else "", FAINT)]

    def axis(self, columns: int) -> str:
        """The line below: the first and the last epoch."""
        first, last = f" {self.first_epoch} ", f" {self.first_epoch + len(self.losses) - 1}"
        if len(step := f" {self.names[2]}") + len(first + last) <= columns:
            first = step + first
        return first + "─" * (columns - len(first + last)) + last


def _overlaid(dots: str, circles: str) -> Iterator[Span]:
    """A row of the curve, with the circles where it left room."""
    for dot, circle in zip(dots, circles, strict=True):
        yield Span(circle) if ord(dot) == BRAILLE else Span(dot, ACCENT)


def braille(values: Sequence[float], scale: Scale, columns: int, rows: int) -> list[str]:
    """The values as a connected curve of dots, in rows of characters from top to bottom."""
    heights = [scale(value) for value in values if math.isfinite(value)]
    top = rows * _DOT_ROWS - 1
    bits = [[0] * columns for _ in range(rows)]
    for dot_column, (low, high) in enumerate(_extents(heights, columns * _DOT_COLUMNS)):
        for dot_row in range(top - round(high * top), top - round(low * top) + 1):
            dot = DOTS[dot_row % _DOT_ROWS][dot_column % _DOT_COLUMNS]
            bits[dot_row // _DOT_ROWS][dot_column // _DOT_COLUMNS] |= dot
    return ["".join(chr(BRAILLE + dots) for dots in row) for row in bits]


def _extents(heights: Sequence[float], columns: int) -> Iterator[tuple[float, float]]:
    """For each column the lowest and the highest point of the line through ``heights`` since the column before."""
    last = len(heights) - 1
    passed, previous = 0, heights[0]
    for column in range(columns):
        place = column * last / (columns - 1)
        before = int(place)
        after = min(before + 1, last)
        current = heights[before] + (place - before) * (heights[after] - heights[before])
        met = [previous, *heights[passed + 1 : before + 1], current]
        yield min(met), max(met)
        passed, previous = before, current


def _circles(values: Sequence[float], scale: Scale, columns: int, rows: int) -> list[str]:
    """A circle for each value, or as many as fit with blanks between, in rows of characters from top to bottom."""
    grid = [[" "] * columns for _ in range(rows)]
    count = min(len(values), columns // 2)
    for column, value in zip(_spread(count, columns), sampled(values, count), strict=True):
        if math.isfinite(value):
            grid[round((1 - scale(value)) * (rows - 1))][column] = "○"
    return list(map("".join, grid))
