"""The parts that everything shown is made of: lines of styled text, tables, paragraphs.

A `View` says its lines for a width. That one description is both the plain text, ``str(view)``, and what Rich paints
on a terminal. Layout is done here and not by `rich.table`: plain text needs it without Rich (whose import takes 55 ms),
and a table that is redrawn ten times a second costs 1 ms here and 9 ms there.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import combining, east_asian_width

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

ACCENT, STRONG, FAINT, ALARM, CAUTION = "cyan", "bold", "dim", "bold red", "yellow"
"""The styles, by Rich's names. There is one accent; red and yellow are for errors and warnings only."""

GAP = "  "
"""What stands between two columns."""

_READABLE = 88
"""Paragraphs are no wider than this: longer lines are hard to read."""

_NARROWEST = 4
"""Columns that wrap get no narrower than this."""


class Span(NamedTuple):
    """Text in one style."""

    text: str
    style: str = ""


Line = Sequence[Span]


class View:
    """Something to show. Members say its lines; ``width`` None is a place without borders, such as a file."""

    def lines(self, width: int | None) -> Iterable[Line]:
        raise NotImplementedError

    def __str__(self) -> str:
        return "\n".join("".join(_visible(span.text) for span in line).rstrip() for line in self.lines(None))

    def __rich_console__(self, console: "Console", options: "ConsoleOptions") -> "RenderResult":
        from rich.segment import Segment

        for line in self.lines(options.max_width):
            for text, style in line:
                yield Segment(_visible(text), console.get_style(style) if style else None)
            yield Segment.line()


def _visible(text: str) -> str:
    """Text with control characters written out: what comes from files must not steer the terminal."""
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]", lambda match: repr(match[0])[1:-1], text)


@dataclass(frozen=True)
class Lines(View):
    """Lines as they are, whatever the width: what people copy must not be broken."""

    content: Sequence[Line]

    def lines(self, width: int | None) -> Iterable[Line]:
        return self.content


def verbatim(text: str) -> Lines:
    """Text as it is."""
    return Lines([[Span(line)] for line in text.split("\n")])


@dataclass(frozen=True)
class Paragraph(View):
    """One line of text, continued below itself, ``hanging`` columns in, where it meets the border."""

    content: Line
    hanging: int = 0

    def lines(self, width: int | None) -> Iterable[Line]:
        return [self.content] if width is None else wrapped(self.content, width, self.hanging)


@dataclass(frozen=True)
class Prose(View):
    """A paragraph to read: broken at a readable width everywhere."""

    content: Line

    def lines(self, width: int | None) -> Iterable[Line]:
        return wrapped(self.content, min(width or _READABLE, _READABLE))


@dataclass(frozen=True)
class Stack(View):
    """Views below each other."""

    views: Sequence[View]

    def lines(self, width: int | None) -> Iterable[Line]:
        return (line for view in self.views for line in view.lines(width))


class Column(NamedTuple):
    """How a column of a table looks. Where there is too little room, those that wrap get narrower."""

    header: str
    right: bool = False
    wraps: bool = False
    style: str = ""


Row = Sequence[str | Span]

RULE: Row = ()
"""A row that is a line across the table."""


@dataclass(frozen=True)
class Table(View):
    """Aligned columns, without boxes. A cell is text in its column's style, or a `Span` with its own."""

    columns: Sequence[Column]
    rows: Sequence[Row]
    indent: str = ""

    def lines(self, width: int | None) -> Iterator[Line]:
        widths = self._widths(width)
        headers = [Span(column.header, FAINT) for column in self.columns]
        for row in (headers, *self.rows) if any(column.header for column in self.columns) else self.rows:
            if not row:
                yield (Span(self.indent), Span("─" * (sum(widths) + len(GAP) * (len(widths) - 1)), FAINT))
            else:
                yield from self._row_lines(row, widths, bottom=row is headers)

    def natural_width(self) -> int:
        """The width of the whole table with nothing wrapped."""
        return self._total(self._widths(None))

    def _total(self, widths: Sequence[int]) -> int:
        return len(self.indent) + sum(widths) + len(GAP) * (len(widths) - 1)

    def _widths(self, width: int | None) -> list[int]:
        columns = zip(*([column.header for column in self.columns], *filter(None, self.rows)), strict=True)
        widths = [max(max(map(cells, _text(cell).split("\n"))) for cell in column) for column in columns]
        while width is not None and self._total(widths) > width:
            widest = max(
                (index for index, column in enumerate(self.columns) if column.wraps and widths[index] > _NARROWEST),
                key=widths.__getitem__,
                default=None,
            )
            if widest is None:
                break
            widths[widest] -= 1
        return widths

    def _row_lines(self, row: Row, widths: Sequence[int], *, bottom: bool) -> Iterator[Line]:
        """The lines of one row: as many as its highest cell has. The others stand on top, or at the ``bottom``."""
        stacks = [folded(_text(cell), width) for cell, width in zip(row, widths, strict=True)]
        height = max(map(len, stacks))
        if bottom:
            stacks = [[""] * (height - len(stack)) + stack for stack in stacks]
        for texts in zip_longest(*stacks, fillvalue=""):
            line = [Span(self.indent)] if self.indent else []
            for cell, column, text, width in zip(row, self.columns, texts, widths, strict=True):
                padding = " " * (width - cells(text))
                style = cell.style if isinstance(cell, Span) else column.style
                line.append(Span(padding + text if column.right else text + padding, style))
                line.append(Span(GAP))
            yield _trimmed(line)


def _trimmed(line: list[Span]) -> list[Span]:
    """A line without blanks at its end, which on a narrow terminal would make a line of their own."""
    while line and not line[-1].text.strip():
        line = line[:-1]
    return [*line[:-1], Span(line[-1].text.rstrip(), line[-1].style)] if line else []


def _text(cell: str | Span) -> str:
    return cell.text if isinstance(cell, Span) else cell


def cells(text: str) -> int:
    """How many columns of a terminal ``text`` takes."""
    if text.isascii():
        return len(text)
    return sum(0 if combining(char) else 2 if east_asian_width(char) in "WF" else 1 for char in text)


def folded(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns, broken between words, or within those that are longer."""
    lines: list[str] = []
    for part in text.split("\n"):
        line = ""
        for word in re.findall(r"\s*\S+", part):
            if cells(line + word) <= width:
                line += word
                continue
            if line:
                lines.append(line)
            line = word.strip()
            while cells(line) > width:
                lines.append(line[:width])
                line = line[width:]
        lines.append(line)
    return lines


def wrapped(line: Line, width: int, hanging: int = 0) -> Iterator[Line]:
    """A styled line in lines of ``width`` columns, broken between words only: a long path stays whole."""
    current: list[Span] = []
    used = 0
    for word in _words(line):
        room = cells("".join(span.text for span in word))
        if current and used + room > width:
            yield current
            first = Span(" " * hanging + word[0].text.lstrip(), word[0].style)
            current, used = [first, *word[1:]], hanging + room - (cells(word[0].text) - cells(word[0].text.lstrip()))
        else:
            current, used = [*current, *word], used + room
    yield current


def _words(line: Line) -> Iterator[list[Span]]:
    """The words of a line, each with the space before it. A word whose style changes within is several spans."""
    word: list[Span] = []
    for text, style in line:
        for piece in re.findall(r"\s*\S+|\s+", text):
            if word and (piece[0].isspace() and "".join(span.text for span in word).strip()):
                yield word
                word = []
            word.append(Span(piece, style))
    if word:
        yield word
