"""The parameters of a sweep as text: what each reached over its range, and where the best trials lie on all of them."""

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mltrain.views.terminal.loss_curve import Scale, blocks
from mltrain.views.terminal.number_format import number
from mltrain.views.terminal.trials_table import first_that_fits
from mltrain.views.terminal.views import ACCENT, FAINT, STRONG, Column, Line, Span, Table, View, cut

_MOST_NAMES, _MOST_TRIALS = 6, 10
_TRACK, _LONGEST_END = 9, 6


class SliceRow(NamedTuple):
    """The best values of the trials along a parameter: by its ``names``, or in steps of equal width over a range.

    ``ends`` are the texts of the ends of the range. A step without trials has NaN.
    """

    path: str
    values: Sequence[float]
    names: Sequence[str]
    ends: tuple[str, str]
    rises: bool


def slices_table(rows: Sequence[SliceRow]) -> View:
    """A line for each parameter: blocks over its range, or the best value of each name, the best first."""
    columns = [Column("parameter", wraps=True), Column("", style=ACCENT), Column("best of the trials", wraps=True)]
    finite = [value for row in rows for value in row.values if math.isfinite(value)]
    scale = Scale(finite)
    return Table(columns, [(row.path, *_slice(row, scale)) for row in rows])


def _slice(row: SliceRow, scale: Scale) -> tuple[str, str]:
    if not row.names:
        return blocks(row.values, scale), f"from {row.ends[0]} to {row.ends[1]}"
    sign = -1 if row.rises else 1
    pairs = [(value, name) for value, name in zip(row.values, row.names, strict=True) if math.isfinite(value)]
    pairs.sort(key=lambda pair: sign * pair[0])
    texts = [f"{name} {number(value)}" for value, name in pairs]
    return "", ", ".join(texts[:_MOST_NAMES]) + (", ..." if len(texts) > _MOST_NAMES else "")


class AxisOf(NamedTuple):
    """A parameter, and the texts of the ends of its range, or of its first and last name."""

    path: str
    first: str
    last: str


class TrackRow(NamedTuple):
    """A trial: its number, its value as text, and where it lies on each axis, from 0 to 1."""

    trial: int
    value: str
    shares: Sequence[float]


@dataclass(frozen=True)
class Tracks(View):
    """The best trials, the best first, each a mark on a short axis of each parameter; as many parameters as fit."""

    metric: str
    axes: Sequence[AxisOf]
    rows: Sequence[TrackRow]

    def lines(self, width: int | None) -> Iterable[Line]:
        names = [axis.path for axis in self.axes]
        yield from first_that_fits(names, self._table, width).lines(width)
        if len(self.rows) > _MOST_TRIALS:
            yield [Span(f"and {len(self.rows) - _MOST_TRIALS:,} more", FAINT)]

    def _table(self, names: Mapping[str, str], left_out: int) -> Table:
        shown = self.axes[: len(names)]
        columns = [Column("trial", right=True), Column(self.metric, right=True)]
        columns += [Column(names[axis.path], wraps=True) for axis in shown]
        columns += [Column(f"+{left_out}")] if left_out else []
        blank = [Span("")] * bool(left_out)
        ends = (" … ".join(_ends(axis)) for axis in shown)
        lines = [(Span(""), Span(""), *(Span(text, FAINT) for text in ends), *blank)]
        for place, row in enumerate(self.rows[:_MOST_TRIALS]):
            style = STRONG if place == 0 else ""
            tracks = (Span(_track(share), ACCENT) for share in row.shares[: len(shown)])
            lines.append((Span(str(row.trial), style), Span(row.value, style), *tracks, *blank))
        return Table(columns, lines)


def _ends(axis: AxisOf) -> tuple[str, str]:
    """The texts of both ends, cut; where they begin alike, their last characters."""
    first, last = (cut(text, _LONGEST_END) for text in (axis.first, axis.last))
    if first != last:
        return first, last
    return cut(axis.first[::-1], _LONGEST_END)[::-1], cut(axis.last[::-1], _LONGEST_END)[::-1]


def _track(share: float) -> str:
    if not math.isfinite(share):
        return ""
    place = round(min(1.0, max(0.0, share)) * (_TRACK - 1))
    return "─" * place + "●" + "─" * (_TRACK - 1 - place)
