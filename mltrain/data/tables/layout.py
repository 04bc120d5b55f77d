"""How a delimited text is laid out: where it begins, what separates its cells, and whether its first line names them.

What is not said is found from the first lines. A guess that could be otherwise is said, with the other reading.
"""

import csv
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Sequence
from contextlib import suppress
from itertools import chain, islice, pairwise
from typing import NamedTuple, Protocol

from mltrain.data.tables.cells import DEFAULT_MISSING, means_missing
from mltrain.errors import Worded

BLANKS = " "
"""The delimiter that stands for any number of spaces and tabs."""

DELIMITERS = (",", "\t", ";", "|")

NO_DELIMITERS = '"\r\n\0'
"""Characters that have another meaning in a table of text."""

_QUOTING = (",", ";")
"""Where these separate cells, quotes are quotes."""

_NAMES = {",": "commas", "\t": "tabs", ";": "semicolons", "|": "the character |", BLANKS: "blanks"}

_CLEAR = 0.4
"""A reading whose score is so much of the best one's is said, too."""

_MOST_SKIPPED = 30
"""Lines that may stand before a table."""

_BLANK_CELL = re.compile(r'\s*(?:"((?:[^"]|"")*)"(?=\s|$)|([^\s"]\S*))')
_NUMBER = re.compile(
    r"[-+]?[$€£¥]?\s?(\d[\d.,'_ \u00a0\u202f]*|[.,]\d+)([eE][-+]?\d+)?\s?[%$€£¥]?|[-+]?(inf|nan)", re.I
)
_DATE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{1,4}([ T]\S.*)?|\d{1,2}:\d{2}(:\d{2})?.*")
_NUMBERS_IN_A_ROW = re.compile(r"[-+\d.,]*\d[-+\d.,eE]*(\s+[-+\d.,]*\d[-+\d.,eE]*)+")
_RULE = re.compile(":?[-=]{2,}:?")
_SEPARATOR_LINE = re.compile(r'"?sep=(.)"?\s*', re.I)
_COMMENT = re.compile(r"\s*(#|%|//)")
_WORDS = re.compile(r"\S\s+\S|:")
_YEAR = re.compile(r"(19|20)\d\d")


class Like(NamedTuple):
    """How the rows were laid out that a model learned from: new ones are probably laid out the same way.

    ``delimiter`` is what was said to separate their cells. ``nameless`` are the columns to predict from, in order, if
    no header names them. ``encoding`` and ``decimal`` are what was said of them.
    """

    delimiter: str | None = None
    nameless: tuple[str, ...] = ()
    encoding: str | None = None
    decimal: str | None = None


UNKNOWN = Like()
"""Nothing is known."""


class Layout(NamedTuple):
    """``skipped`` lines stand before the table. ``columns`` are named by its first row if it has a ``header``;
    ``rows_from`` lines stand before its other rows.

    ``notes`` are sentences about what was found, ``guesses`` are the options that could be otherwise.
    """

    delimiter: str
    header: bool
    columns: tuple[str, ...]
    skipped: int
    rows_from: int
    notes: tuple[str, ...]
    guesses: dict[str, str | bool]


class Records(Protocol):
    """Rows of cells. ``line_num`` is the number of lines that were read."""

    @property
    def line_num(self) -> int: ...
    def __iter__(self) -> Iterator[list[str]]: ...
    def __next__(self) -> list[str]: ...


def read_records(lines: Iterable[str], delimiter: str, *, strict: bool = True) -> Records:
    """The cells of some lines. Raises `csv.Error` where quotes do not fit and ``strict`` is on."""
    if delimiter == BLANKS:
        return _BlankSeparated(lines)
    if delimiter not in _QUOTING:
        return _PerhapsQuoted(lines, delimiter, strict=strict)
    return csv.reader(lines, delimiter=delimiter, skipinitialspace=True, strict=strict)


class _BlankSeparated:
    """Rows whose cells stand between spaces and tabs, as many as there are; a cell in quotes may have some inside."""

    def __init__(self, lines: Iterable[str]):
        self._lines, self.line_num = iter(lines), 0

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        line = next(self._lines)
        self.line_num += 1
        if '"' not in line:
            return line.split()
        cells, place, line = [], 0, line.rstrip()
        while place < len(line):
            found = _BLANK_CELL.match(line, place)
            if found is None:
                raise csv.Error("a quote is opened and never closed, or something follows one that closes")
            quoted, plain = found.groups()
            cells.append(plain if quoted is None else quoted.replace('""', '"'))
            place = found.end()
        return cells


class _PerhapsQuoted:
    """Rows of a kind of file of which some have no quoting, so that a quote may be a character like any other.

    It is one where the line does not make sense otherwise, and is as wide as the next one.
    """

    def __init__(self, lines: Iterable[str], delimiter: str, *, strict: bool):
        self._lines, self._delimiter, self._strict = iter(lines), delimiter, strict
        self.line_num = 0

    def __iter__(self) -> Iterator[list[str]]:
        return self

    def __next__(self) -> list[str]:
        line = self._take()
        if '"' not in line:
            return self._cells([line])
        with suppress(csv.Error):
            return self._cells([line], strict=True)
        following = next(self._lines, None)
        self._lines = chain(() if following is None else [following], self._lines)
        if following is None or following.count(self._delimiter) == line.count(self._delimiter):
            return [cell.strip(" \r\n") for cell in line.split(self._delimiter)]
        return self._cells(chain([line], iter(self._take, None)))

    def _take(self) -> str:
        line = next(self._lines)
        self.line_num += 1
        return line

    def _cells(self, lines: Iterable[str], *, strict: bool | None = None) -> list[str]:
        strict = self._strict if strict is None else strict
        return next(csv.reader(lines, delimiter=self._delimiter, skipinitialspace=True, strict=strict))


class _Reading(NamedTuple):
    """What a delimiter makes of the first lines: how wide most rows are, and how well that suits a table, up to 1."""

    delimiter: str
    width: int
    even: bool
    score: float


def find_layout(
    lines: Sequence[str],
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    expected: Collection[str] = (),
    like: Like = UNKNOWN,
    tabs_first: bool = False,
) -> Layout | None:
    """The layout of a text that begins with ``lines``, of which the last is whole; None if there are no rows.

    ``expected`` are names of columns that a header would have, ``like`` is how it is probably laid out. Raises
    `csv.Error`.
    """
    skipped = 0
    if lines and (said := _SEPARATOR_LINE.fullmatch(lines[0])):  # which spreadsheet programs write
        skipped, delimiter = 1, delimiter or said[1]
    candidates = [delimiter] if delimiter else _candidates(tabs_first, like.delimiter)
    readings = [_reading(lines[skipped:], one) for one in candidates]
    best = _best(readings, lines[skipped:], like.delimiter)
    notes: list[str] = [
        Worded.about_config(
            f"cells are separated by {_called(best.delimiter)}, which gives {best.width} columns; "
            f"{_called(other.delimiter)} would give {other.width}",
            ": if that is meant, say delimiter (init csv --delimiter)",
        )
        for other in readings
        if other is not best and other.even and other.width > 1 and other.score > _CLEAR * best.score
        if not (other.delimiter == BLANKS and best.delimiter == "\t" and other.width == best.width)
    ]
    guesses: dict[str, str | bool] = {"delimiter": best.delimiter} if notes else {}
    before = _before_the_table(lines[skipped:], best)
    if before:
        plural = "lines" if before > 1 else "line"
        notes.append(f"{before} {plural} before the table {'are' if before > 1 else 'is'} skipped")
    skipped += before
    records = read_records(lines[skipped:], best.delimiter, strict=False)
    rows = list(islice(filter(_has_cells, records), 1))
    rows_from = skipped + records.line_num
    rows += islice(filter(_has_cells, records), 1)
    below = skipped + records.line_num
    rows += filter(_has_cells, records)
    if not rows:
        return None
    first = _without_comment_sign(rows[0], best)
    row_names = _are_row_names(first, rows[1:])
    if row_names:
        first = ["", *first]
    elif _end_with_a_separator(first, rows[1:]):
        first = [*first, ""]
    elif len(first) > 1 and not first[-1].strip() and rows[1:] and all(len(row) == len(first) - 1 for row in rows[1:]):
        first = first[:-1]
    units = _units_below(rows) if header is not False else ""
    below_names = rows[2:] if units else rows[1:]
    has, why = (header, "") if header is not None else _header(first, below_names, expected, likely=not like.nameless)
    if row_names and not has:
        first = first[1:]
    if why:
        notes.append(why)
        guesses["header"] = has
    if has and units:
        notes.append(units)
        rows_from = below
    return Layout(
        best.delimiter, has, column_names(first, has), skipped, rows_from if has else skipped, tuple(notes), guesses
    )


def _has_cells(row: Sequence[str]) -> bool:
    return any(map(str.strip, row))


def _called(delimiter: str) -> str:
    return _NAMES.get(delimiter, f"the character {delimiter}")


def _candidates(tabs_first: bool, likely: str | None) -> list[str]:
    found = sorted(DELIMITERS, key=lambda one: one != "\t") if tabs_first else list(DELIMITERS)
    found.append(BLANKS)
    return found if likely is None else [likely, *(one for one in found if one != likely)]


def _best(readings: Sequence[_Reading], lines: Sequence[str], likely: str | None) -> _Reading:
    first = readings[0]
    if first.delimiter == likely and first.even and first.width > 1:
        return first
    others = [one for one in readings if one.delimiter != BLANKS]
    if any(one.even and one.score for one in others) and not all(one.even for one in readings if one not in others):
        readings = others  # blanks stand within cells, too, as in dates with a time
    best = max(readings, key=lambda one: one.score)
    if best.score:
        return best
    # Lines of one cell each, or an error, which the reader explains best with the separator that was probably meant.
    return max(readings, key=lambda one: lines[0].count(one.delimiter) if lines and one.delimiter != BLANKS else 0)


def _reading(lines: Sequence[str], delimiter: str) -> _Reading:
    try:
        rows = list(filter(_has_cells, read_records(lines, delimiter, strict=False)))
    except csv.Error:
        rows = []
    if not rows:
        return _Reading(delimiter, 1, False, 0.0)
    widths = Counter(map(len, rows))
    width, count = max(widths.items(), key=lambda one: (one[1], one[0] == len(rows[0])))
    if width == 1:
        return _Reading(delimiter, 1, len(widths) == 1, 0.0)
    usual = [row for row in rows if len(row) == width]
    if delimiter == BLANKS and not (len(widths) <= 2 and count >= len(rows) - 1 and _some_numbers(usual)):
        return _Reading(delimiter, width, False, 0.0)  # a text of words
    odd = sum(_is_odd(cell, delimiter) for row in usual for cell in row) / (width * len(usual))
    score = (count / len(rows)) ** 2 * (1 - 1 / width) * (1 - odd)
    return _Reading(delimiter, width, len(widths) == 1, score)


def _is_odd(cell: str, delimiter: str) -> bool:
    """Whether a cell looks as if it were several, by another delimiter."""
    if cell.strip()[-1:] in DELIMITERS:
        return delimiter not in cell  # or else it was in quotes
    if _NUMBERS_IN_A_ROW.fullmatch(cell.strip()):
        return not _is_typed(cell)
    return any(other in cell for other in DELIMITERS if other != delimiter) and not _is_typed(cell)


def _some_numbers(rows: Sequence[Sequence[str]]) -> bool:
    """Whether some column holds numbers, below the first row."""
    return any(all(map(_is_typed, column[1:] or column)) for column in zip(*rows, strict=True))


def _is_typed(cell: str) -> bool:
    """Whether a cell holds a number, a date or a time, in any spelling."""
    text = cell.strip()
    return bool(_NUMBER.fullmatch(text) or _DATE.fullmatch(text))


def _before_the_table(lines: Sequence[str], best: _Reading) -> int:
    """How many lines stand before the table: comments, titles and empty ones, with fewer cells than its rows."""
    if best.width == 1:
        return 0
    found, rows = 0, 0
    for number, line in enumerate(lines[: _MOST_SKIPPED + 1]):
        width = len(next(read_records([line], best.delimiter, strict=False), []))
        is_comment = _COMMENT.match(line) and width - (best.delimiter == BLANKS) != best.width
        is_title = width == 1 and not _is_typed(line) and (best.width > 2 or _WORDS.search(line))
        if is_comment or (is_title and line.strip()):
            found = number + 1
        elif line.strip():
            rows = len([line for line in lines[number:] if line.strip()])
            break
    return found if rows > 1 and '"' not in "".join(lines[:found]) else 0


def _without_comment_sign(first: Sequence[str], best: _Reading) -> list[str]:
    """The first row without the sign that makes its line a comment, as `numpy.savetxt` writes headers."""
    if first[0] in ("#", "%") and len(first) == best.width + 1:
        return list(first[1:])
    return [re.sub(r"^[#%]\s+(?=\S)", "", first[0]), *first[1:]]


def _are_row_names(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether each row but the first begins with a name of its own, which no column is named for, as R writes them."""
    if not others or len(first) < 2 or any(len(row) != len(first) + 1 for row in others) or any(map(_is_typed, first)):
        return False
    names = [row[0].strip() for row in others]
    if not all(names) or len(set(names)) != len(names) or not any(row[-1].strip() for row in others):
        return False
    is_counted = all(name.isdecimal() for name in names) and all(int(b) == int(a) + 1 for a, b in pairwise(names))
    return is_counted or not any(map(_is_typed, names))


def _end_with_a_separator(first: Sequence[str], others: Sequence[Sequence[str]]) -> bool:
    """Whether all rows but the first have a separator behind their last cell, which opens a column without cells."""
    return bool(others) and all(len(row) == len(first) + 1 and not row[-1].strip() for row in others)


def _units_below(rows: Sequence[Sequence[str]]) -> str:
    """A sentence about a row of units or descriptions below the names: words in each column, numbers follow in most."""
    if len(rows) < 4 or any(map(_is_typed, rows[1])):
        return ""
    if all(_RULE.fullmatch(cell.strip()) for cell in rows[1] if cell.strip()):
        return "the line below the columns' names is skipped: it is drawn"
    above, below = rows[1], list(zip(*rows[2:], strict=False))
    numbers = [all(map(_is_typed, filter(str.strip, column))) and any(map(str.strip, column)) for column in below]
    odd = [
        cell for cell, typed in zip(above, numbers, strict=False) if typed and cell.strip() and not means_missing(cell)
    ]
    if len(odd) < 2 or any(typed and not cell.strip() for cell, typed in zip(above, numbers, strict=False)):
        return ""
    some = ", ".join(" ".join(cell.split()) for cell in above[:4]) + (", ..." if len(above) > 4 else "")
    return f"the row below the columns' names ({some}) is skipped: it holds words where all other rows hold numbers"


def _header(
    first: Sequence[str], others: Sequence[Sequence[str]], expected: Collection[str], *, likely: bool
) -> tuple[bool, str]:
    """Whether the first row names the columns, and a sentence about it where it could be otherwise."""
    cells = [cell.strip() for cell in first]
    if any(" ".join(cell.split()) in expected for cell in cells):
        return True, ""
    if not likely:
        return False, ""
    columns = [[row[place].strip() for row in others if place < len(row)] for place in range(len(cells))]
    names = values = repeated = 0
    for cell, below in zip(cells, columns, strict=True):
        present = [one for one in below if one not in DEFAULT_MISSING]
        if cell in DEFAULT_MISSING or not present:
            continue
        if sum(map(_is_typed, present)) > 0.8 * len(present):
            names += not _is_typed(cell)
            values += _is_typed(cell)
        elif not _is_typed(cell):
            repeated += cell in present
    if names:
        years = [cell for cell in cells if _is_typed(cell)]
        are_years = len(set(years)) == len(years) and all(map(_YEAR.fullmatch, years))
        has = names > values or are_years
        return has, "" if not values or not has else _also(first, has)
    if values:
        counted = len(cells) > 2 and cells == [str(number) for number in range(len(cells))]
        return False, _also(first, False) if counted else ""
    if any(map(_is_typed, cells)):
        return False, ""
    given = [cell for cell in cells if cell]
    has = 2 * repeated < len(cells) and len(set(given)) == len(given)
    return has, _also(first, has) if others else ""


def _also(first: Sequence[str], has: bool) -> str:
    some = ", ".join(cell.strip() for cell in first[:4]) + (", ..." if len(first) > 4 else "")
    if has:
        taken, advice = "the columns' names", "if it is a row like the others, say header: false (init csv --no-header)"
    else:
        taken, advice = "a row like the others", "if it names the columns, say header: true (init csv --header)"
    return Worded.about_config(f"the first line ({some}) is taken for {taken}", f"; {advice}")


def column_names(first: Sequence[str], header: bool) -> tuple[str, ...]:
    """The columns' names: those that the first row gives, and ``column_1``, ``column_2`` for those without one."""
    given = [" ".join(cell.split()) if header else "" for cell in first]  # a quoted name may have several lines
    return tuple(name or f"column_{number}" for number, name in enumerate(given, 1))
