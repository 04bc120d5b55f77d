"""Comma- or tab-separated text: the standard library's parser, and NumPy's where all cells are numbers.

A million rows of twenty numbers (183 MB of text, two cores):

    NumPy's parser, in blocks       6 s    104 MB in all, of which the float32 array is 80
    the csv module and float()     17 s    114 MB
    Polars                          2 s    475 MB, and 181 MB to install
    PyArrow                         4 s    674 MB, and 170 MB to install

So what is installed anyway reads well enough, in a quarter of the memory; Parquet files, which are there for speed, are
read with PyArrow.
"""

import csv
import re
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path

import numpy as np

from mltrain.data.tables.cells import holds_codes
from mltrain.data.tables.layout import BLANKS, UNKNOWN, Like, find_layout, read_records
from mltrain.data.tables.source import Block, Source
from mltrain.data.tables.text_file import TextFile, count_lines, readable
from mltrain.errors import DataError

_SAMPLE = 50
"""Lines that are looked at to find the layout."""

_DECIMAL_COMMA = re.compile(r"\s*([-+]?)(\d{1,3}(?:\.\d{3})+|\d*)(?:,(\d*))?([eE][-+]?\d+)?\s*")
"""A number with a decimal comma, and perhaps with points between thousands."""


class DelimitedFile(Source):
    """A text file of rows. What is not said (``delimiter``, ``header``, ``encoding``) is found; see `layout`.

    ``decimal`` is the sign before decimals; with a comma, cells that are such numbers are passed on with a point.
    ``expected`` are names of columns that a header would have, ``like`` is how the text is probably laid out.
    ``as_text`` keeps cells as they are written.
    """

    def __init__(
        self,
        path: Path | str,
        *,
        delimiter: str | None = None,
        header: bool | None = None,
        encoding: str | None = None,
        decimal: str = ".",
        expected: Collection[str] = (),
        like: Like = UNKNOWN,
        as_text: bool = False,
    ):
        self._path, self._as_text = path, as_text
        self._file = TextFile(path, encoding, like.encoding)
        self.name = self._file.name
        try:
            self._find_layout(delimiter, header, expected, like, tabs_first=".tsv" in Path(path).suffixes)
        except BaseException:
            self.close()
            raise
        self._has_commas = decimal == "," != self._layout.delimiter

    def _find_layout(
        self, delimiter: str | None, header: bool | None, expected: Collection[str], like: Like, *, tabs_first: bool
    ) -> None:
        sample = self._file.take(_SAMPLE)
        self._file.put_back(sample)
        # The last line of the sample may end within a quoted cell.
        looked_at = sample[:-1] if len(sample) == _SAMPLE else sample
        with self._parsing():
            found = find_layout(
                looked_at, delimiter=delimiter, header=header, expected=expected, like=like, tabs_first=tabs_first
            )
        if found is None:
            raise DataError(f"{self.name}: the file is empty")
        self._layout, self.columns = found, found.columns
        if not found.header and len(self.columns) == len(like.nameless):
            self.columns = like.nameless  # without the target, of whose place in the row nothing is left
        self.check_columns()

    @property
    def delimiter(self) -> str:
        """The character between two cells, given or found."""
        return self._layout.delimiter

    @property
    def notes(self) -> list[str]:
        return [*self._file.notes, *self._layout.notes]

    @property
    def guesses(self) -> dict[str, str | bool]:
        encoding = self._file.guessed_encoding
        return {**self._layout.guesses, **({"encoding": encoding} if encoding is not None else {})}

    @property
    def has_more_than_rows(self) -> bool:
        return self._layout.skipped > 0

    def most_rows(self) -> int:
        with readable(self.name):
            lines, length = count_lines(Path(self._path))
        return min(lines, length // len(self.columns) + 1)  # a row has an end, and a separator between each two cells

    def close(self) -> None:
        self._file.close()

    def blocks(self) -> Iterator[Block]:
        line, row = self._layout.rows_from, 1
        self._file.take(line)
        with self._parsing():
            while not self._as_text:
                lines = self._file.take(self.block_rows)
                if not lines:
                    return
                numbers = self._numbers(lines)
                if numbers is None:  # from here on, the slower parser, which reads everything
                    self._file.put_back(lines)
                    break
                yield Block(list(numbers.T), row, range(line + 1, line + 1 + len(lines)))
                row, line = row + len(lines), line + len(lines)
            yield from self._text_blocks(line, row)

    def _numbers(self, lines: list[str]) -> "np.ndarray[tuple[int, int], np.dtype[np.float64]] | None":
        """The cells as numbers ``(rows, columns)``; None where any is something else, or a code such as 01067."""
        if not lines[0].strip() or self._has_commas:
            return None
        delimiter = None if self._layout.delimiter == BLANKS else self._layout.delimiter
        try:
            numbers = np.loadtxt(lines, np.float64, delimiter=delimiter, comments=None, quotechar='"', ndmin=2)
        except (ValueError, OverflowError):
            return None
        if numbers.shape != (len(lines), len(self.columns)) or not np.isfinite(numbers).all():
            return None  # NumPy reads texts such as inf and NaN as numbers; the column decides instead
        # A code is read as a whole number: where there is none, there is no need to look at the text.
        has_whole = any(bool((column == np.floor(column)).any()) for column in numbers.T)
        return None if has_whole and holds_codes(lines, self._layout.delimiter) else numbers

    def _text_blocks(self, line: int, row: int) -> Iterator[Block]:
        reader = read_records(iter(self._file), self._layout.delimiter)
        width = len(self.columns)
        while True:
            rows: list[list[str]] = []
            lines: list[int] = []
            end = line + reader.line_num
            try:
                for cells in reader:
                    start, end = end + 1, line + reader.line_num
                    if not cells:
                        continue
                    if len(cells) != width:
                        if len(cells) == 1 and not cells[0].strip():
                            continue
                        raise self._ragged(start, row + len(rows), cells)
                    rows.append(cells)
                    lines.append(start)
                    if len(rows) == self.block_rows:
                        break
            except csv.Error as error:
                raise _unparsable(f"{self.name}:{end + 1}: row {row + len(rows):,}", error) from error
            if not rows:
                return
            columns: list[Sequence[str]] = list(zip(*rows, strict=True))
            yield Block(list(map(_with_points, columns)) if self._has_commas else columns, row, lines)
            row += len(rows)

    def _ragged(self, line: int, row: int, cells: list[str]) -> DataError:
        width = len(self.columns)
        where = f"{self.name}:{line}: row {row:,}"
        if len(cells) < width:
            return DataError(
                f"{where} ends after column '{self.columns[len(cells) - 1]}': "
                f"it has {len(cells)} of the {width} cells that the first line has"
            )
        return DataError(
            f"{where} has {len(cells)} cells, but the first line has {width}: {cells[width]!r} is in no column; "
            "a cell that holds the separator needs quotes"
        )

    def _parsing(self) -> "_Parsing":
        return _Parsing(self.name)


def _with_points(cells: Sequence[str]) -> list[str]:
    """The cells, with a decimal point in each that is a number with a decimal comma."""
    return [_with_point(cell) for cell in cells]


def _with_point(cell: str) -> str:
    found = _DECIMAL_COMMA.fullmatch(cell)
    if found is None or not (found[2] or found[3]):
        return cell
    sign, whole, decimals, exponent = found.groups()
    return f"{sign}{whole.replace('.', '') or '0'}{'.' + decimals if decimals else ''}{exponent or ''}"


class _Parsing:
    """Turns errors of the csv module into ones that name the file."""

    def __init__(self, name: str):
        self._name = name

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, csv.Error):
            raise _unparsable(self._name, error) from error


def _unparsable(where: str, error: csv.Error) -> DataError:
    advice = "; a quote is opened and never closed" if "end of data" in str(error) else ""
    return DataError(f"{where}: this is no table of text: {error}{advice}")
