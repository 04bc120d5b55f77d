"""The views of ``mltrain why``: bars of columns, what each adds to a prediction, and how predictions depend on some."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mltrain.views.terminal.loss_curve import Scale, blocks
from mltrain.views.terminal.number_format import number
from mltrain.views.terminal.views import (
    ACCENT,
    FAINT,
    GAP,
    STRONG,
    Column,
    Line,
    Span,
    Table,
    View,
    cells,
    folded,
    pieces,
)

_WIDEST, _WHERE_UNKNOWN = 100, 80
_SHORTEST_BAR, _LONGEST_BAR = 8, 40
_LONGEST_NAME = 32
_MOST_ROWS = 40
_MOST_NAMES = 8


class BarRow(NamedTuple):
    """A bar of this ``value`` behind a name and some texts, the most important first."""

    name: str
    value: float
    texts: Sequence[str]


@dataclass(frozen=True)
class Bars(View):
    """A bar for each row, to the right above 0 and to the left below it, from one axis.

    ``headers`` are those of the names and of the texts. On a narrow terminal the last texts are left out, and long
    names take several lines.
    """

    headers: Sequence[str]
    rows: Sequence[BarRow]

    def lines(self, width: int | None) -> Iterator[Line]:
        room = min(width or _WHERE_UNKNOWN, _WIDEST)
        shown = self.rows[:_MOST_ROWS]
        head, *heads = self.headers
        widths = [
            max(cells(text) for text in (title, *(row.texts[place] for row in shown)))
            for place, title in enumerate(heads)
        ]
        longest = max(cells(text) for text in (head, *(row.name for row in shown)))
        least = max(min(_LONGEST_NAME, cells(piece)) for row in shown for piece in pieces(row.name) or [""])
        while len(widths) > 1 and self._left(room, min(longest, _LONGEST_NAME), widths) < _SHORTEST_BAR:
            widths.pop()
        free = room - self._left(0, 0, widths, -1) - _SHORTEST_BAR
        first = max(cells(head), least, min(longest, _LONGEST_NAME, free))
        bar = max(1, min(_LONGEST_BAR, self._left(room, first, widths)))
        low, high = min(0.0, *(row.value for row in shown), 0.0), max(0.0, *(row.value for row in shown), 0.0)
        axis = round((bar - 1) * -low / ((high - low) or 1))
        yield [
            Span(_padded(head, first), FAINT),
            *(
                Span(f"{GAP}{_padded(title, size, right=True)}", FAINT)
                for title, size in zip(heads, widths, strict=False)
            ),
        ]
        for row in shown:
            texts = [f"{GAP}{_padded(text, size, right=True)}" for text, size in zip(row.texts, widths, strict=False)]
            length = round((bar - 1) * abs(row.value) / ((high - low) or 1))
            left = "━" * min(axis, length) if row.value < 0 else ""
            right = "━" * min(bar - 1 - axis, length) if row.value > 0 else ""
            name, *more = folded(row.name, first)
            yield [
                Span(_padded(name, first)),
                Span("".join(texts[:1]), STRONG),
                Span("".join(texts[1:])),
                Span(f"{GAP}{left:>{axis}}", ACCENT),
                Span("│", FAINT),
                Span(right, ACCENT),
            ]
            yield from ([Span(f"  {line}" if cells(line) + 2 <= first else line)] for line in more)
        if len(self.rows) > len(shown):
            yield [Span(f"and {len(self.rows) - len(shown):,} more", FAINT)]

    @staticmethod
    def _left(room: int, first: int, widths: Sequence[int], sign: int = 1) -> int:
        """The columns that are left for bars, or with ``sign`` -1 the columns that all else takes."""
        return sign * (room - first - sum(widths) - len(GAP) * (len(widths) + 1))


def _padded(text: str, width: int, *, right: bool = False) -> str:
    blank = " " * (width - cells(text))
    return blank + text if right else text + blank


class Curve(NamedTuple):
    """How one output depends on a column: the mean prediction for each of its ``cells``.

    ``is_ordered``: the cells go from the smallest to the largest. ``is_share`` says that predictions are probabilities.
    """

    column: str
    output: str
    is_ordered: bool
    cells: Sequence[float | str]
    values: Sequence[float]
    is_share: bool


def dependence_table(curves: Sequence[Curve]) -> Table:
    """A line for each column: a curve over its range, or the mean prediction for each name, the largest first."""
    columns = [
        Column("dependence", wraps=True),
        Column("", style=FAINT, wraps=True),
        Column("", style=ACCENT),
        Column("", wraps=True),
    ]
    return Table(columns, [(one.column, one.output, *_curve(one)) for one in curves])


def _curve(one: Curve) -> tuple[str, str]:
    if one.is_ordered:
        ends = f"{_cell(one.cells[0])} to {_cell(one.cells[-1])}"
        said = f"{answer_text(one.values[0], one.is_share)} to {answer_text(one.values[-1], one.is_share)}"
        return blocks(one.values, Scale(one.values, linear=True)), f"{said} (from {ends})"
    order = sorted(range(len(one.cells)), key=lambda place: -one.values[place])
    named = [
        f"{_cell(one.cells[place]) or '(missing)'} {answer_text(one.values[place], one.is_share)}" for place in order
    ]
    return "", ", ".join(named[:_MOST_NAMES]) + (", ..." if len(named) > _MOST_NAMES else "")


def _cell(cell: float | str) -> str:
    if isinstance(cell, str):
        return cell
    return f"{cell:.0f}" if cell.is_integer() and abs(cell) < 1e9 else f"{cell:.4g}"


def answer_text(value: float, is_share: bool) -> str:
    return f"{value:.1%}" if is_share else number(value)


def amount_text(value: float, is_share: bool) -> str:
    """What is added to a prediction, with its sign; of probabilities in percentage points."""
    return f"{signed(100 * value)}%" if is_share else signed(value)


def signed(value: float, digits: int = 3) -> str:
    """``+0.251`` or ``−12.0``."""
    text = number(abs(value), digits)
    return "0" if value == 0 else f"{'−' if value < 0 else '+'}{text}"


def reliability_table(confidence: Sequence[float], right: Sequence[float], rows: Sequence[int]) -> Table:
    """How often answers are right, by how sure they are, one line for each step of confidence."""
    columns = [Column(name, right=True) for name in ("how sure", "right", "rows")]
    lines = zip(confidence, right, rows, strict=True)
    return Table(columns, [(f"{sure:.1%}", f"{share:.1%}", f"{count:,}") for sure, share, count in lines])
