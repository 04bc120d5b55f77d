"""The elements of all output: lines of styled text, tables, paragraphs.

A `View` returns its lines for a width. They are both the plain text, ``str(view)``, and the input of Rich on a
terminal. Layout is done here and not by `rich.table`: plain text needs it without Rich (whose import takes 55 ms),
and a table that is redrawn ten times a second costs 1 ms here and 9 ms there.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import zip_longest
from typing import TYPE_CHECKING, NamedTuple
from unicodedata import combining, east_asian_width

if TYPE_CHECKING:
    from rich.console import Console, ConsoleOptions, RenderResult

ACCENT, STRONG, FAINT, ALARM, CAUTION = "cyan", "bold", "dim", "bold red", "yellow"
"""The styles, by Rich's names. There is one accent; red and yellow are for errors and warnings only."""

GAP = "  "
"""The separator of two columns."""

_READABLE = 88
"""Paragraphs are no wider than this: longer lines are hard to read."""

_LONGEST_PIECE = 24
"""Columns that wrap need not be wider than this for the sake of a single word."""


class Span(NamedTuple):
    """Text in one style."""

    text: str
    style: str = ""


Line = Sequence[Span]


class View:
    """The base class of views. ``lines`` returns the lines; ``width`` None means unlimited, as in a file."""

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
    """Text with control characters escaped: untrusted input must not send escape sequences to the terminal."""
    return re.sub(r"[\x00-\x08\x0a-\x1f\x7f-\x9f]", lambda match: repr(match[0])[1:-1], text)


@dataclass(frozen=True)
class Lines(View):
    """Lines that are never wrapped, so that users can copy them."""

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
    """A paragraph, wrapped at a readable width."""

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
    """The style of a column of a table. If the width is too small, columns that wrap get narrower, by whole words."""

    header: str
    right: bool = False
    wraps: bool = False
    style: str = ""


Row = Sequence[str | Span]

RULE: Row = ()
"""A row that is a line across the table."""


@dataclass(frozen=True)
class Table(View):
    """Aligned columns, without boxes. A cell is text in its column's style, or a `Span` with its own.

    If the wrapped columns do not fit, each row takes several lines: one per cell, beside its header.
    """

    columns: Sequence[Column]
    rows: Sequence[Row]
    indent: str = ""

    def lines(self, width: int | None) -> Iterator[Line]:
        if width is not None and not self.fits(width):
            yield from self._records(width)
            return
        widths = self._widths(width)
        headers = [Span(column.header, FAINT) for column in self.columns]
        for row in (headers, *self.rows) if any(column.header for column in self.columns) else self.rows:
            if not row:
                yield (Span(self.indent), Span("─" * (sum(widths) + len(GAP) * (len(widths) - 1)), FAINT))
            else:
                yield from self._row_lines(row, widths, bottom=row is headers)

    def natural_width(self) -> int:
        """The width of the whole table with nothing wrapped."""
        return self._total([max(map(cells, texts)) for texts in self._column_lines()])

    def fits(self, width: int) -> bool:
        """Whether the table is no wider, with columns wrapped between words where they may."""
        return self._total(self._least_widths()) <= width

    def _total(self, widths: Sequence[int]) -> int:
        return len(self.indent) + sum(widths) + len(GAP) * (len(widths) - 1)

    def _column_lines(self) -> list[list[str]]:
        """The lines of text in each column, its header among them."""
        columns = zip(*([column.header for column in self.columns], *filter(None, self.rows)), strict=True)
        return [[line for cell in column for line in _text(cell).split("\n")] for column in columns]

    def _least_widths(self) -> list[int]:
        """The widths at which no column breaks a word; long words may be broken at their hyphens, dots, underscores."""
        return [
            max(min(_LONGEST_PIECE, cells(piece)) for line in lines for piece in pieces(line) or [""])
            if column.wraps
            else max(map(cells, lines))
            for column, lines in zip(self.columns, self._column_lines(), strict=True)
        ]

    def _widths(self, width: int | None) -> list[int]:
        widths = [max(map(cells, lines)) for lines in self._column_lines()]
        least = self._least_widths()
        while width is not None and self._total(widths) > width:
            widest = max(
                (index for index in range(len(widths)) if widths[index] > least[index]), key=widths.__getitem__
            )
            widths[widest] -= 1
        return widths

    def _records(self, width: int) -> Iterator[Line]:
        """The first cell of each row, and the others below it, each beside the header of its column."""
        first, *others = self.columns
        for row in self.rows:
            if not row:
                yield (Span(self.indent), Span("─" * max(1, width - len(self.indent)), FAINT))
                continue
            spans = [
                cell if isinstance(cell, Span) else Span(cell, self.columns[at].style) for at, cell in enumerate(row)
            ]
            header = [Span(first.header.replace("\n", "") + GAP, FAINT)] if first.header else []
            yield from wrapped([Span(self.indent), *header, spans[0]], width, len(self.indent) + len(GAP))
            for column, span in zip(others, spans[1:], strict=True):
                if span.text:
                    header = [Span(column.header.replace("\n", "") + GAP, FAINT)] if column.header else []
                    text = span._replace(text=span.text.replace("\n", " "))
                    yield from wrapped([Span(self.indent + GAP), *header, text], width, len(self.indent) + 2 * len(GAP))

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


def cut(text: str, width: int) -> str:
    """The text, or as much of it as fits ``width`` columns, and an ellipsis."""
    if cells(text) <= width:
        return text
    while text and cells(text) > width - 1:
        text = text[:-1]
    return f"{text}…"


def pieces(text: str) -> list[str]:
    """Unbreakable pieces: words with the space before them, cut after ``_ . / - = ,`` and at wide characters."""
    return [piece for word in re.findall(r"\s*\S+", text) for piece in _piece(word.isascii()).findall(word)]


_WIDE = "".join(
    f"{low}-{high}"
    for low, high in (
        ("\u1100", "\u115f"),
        ("\u2e80", "\ua4cf"),
        ("\uac00", "\ud7a3"),
        ("\uf900", "\ufaff"),
        ("\uff00", "\uff60"),
        ("\U00020000", "\U0003fffd"),
    )
)
"""Characters of scripts without spaces, where a line may break anywhere."""


@cache
def _piece(ascii_only: bool) -> re.Pattern[str]:
    """An unbreakable piece of a word. The pattern with wide characters takes 10 ms to compile, so ASCII has its own."""
    if ascii_only:
        return re.compile(r"\s*\S+?(?:[_./\-=,]+(?=\w)|$)")
    return re.compile(rf"\s*(?:[{_WIDE}]|[^{_WIDE}]+?(?:[_./\-=,]+(?=\w)|(?=[{_WIDE}])|$))")


def _has_wide(text: str) -> bool:
    return not text.isascii() and re.search(f"[{_WIDE}]", text) is not None


def folded(text: str, width: int) -> list[str]:
    """``text`` in lines of at most ``width`` columns, broken between words, or within those that are longer."""
    lines: list[str] = []
    for part in text.split("\n"):
        line = ""
        for word in re.findall(r"\s*\S+", part):
            whole = cells(word.strip()) <= width
            for piece in [word] if whole and not _has_wide(word) else pieces(word):
                if cells(line + piece) <= width:
                    line += piece
                    continue
                if line:
                    lines.append(line)
                line = piece.strip()
                while cells(line) > width:
                    lines.append(_cut(line, width))
                    line = line[len(lines[-1]) :]
        lines.append(line)
    return lines


def _cut(text: str, width: int) -> str:
    """The longest prefix of a text that fits into ``width`` columns, at least one character."""
    end = 1
    while end < len(text) and cells(text[: end + 1]) <= width:
        end += 1
    return text[:end]


def wrapped(line: Line, width: int, hanging: int = 0) -> Iterator[Line]:
    """A styled line in lines of ``width`` columns, broken between words only: a long path stays whole.

    Scripts that are written without spaces are broken between their characters.
    """
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
        # With wide characters the pattern takes milliseconds to compile, so ASCII has its own.
        pattern = r"\s*\S+|\s+" if text.isascii() else rf"\s*(?:[{_WIDE}]|[^\s{_WIDE}]+)|\s+"
        for piece in re.findall(pattern, text):
            before = "".join(span.text for span in word)
            ends = piece[0].isspace() or _has_wide(piece[0]) or _has_wide(before[-1:])
            if ends and before.strip():
                yield word
                word = []
            word.append(Span(piece, style))
    if word:
        yield word
