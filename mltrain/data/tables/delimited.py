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
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mltrain.data.tables.cells import holds_codes
from mltrain.data.tables.layout import BLANKS, UNKNOWN, Like, find_layout, read_records
from mltrain.data.tables.source import Block, Cells, Source
from mltrain.data.tables.text_file import TextFile, count_lines, readable
from mltrain.errors import DataError

_SAMPLE = 50
"""Lines that are looked at to find the layout."""

_KEPT = 8 * 2**20
"""Bytes, more than a block has. When an array as large is freed, even untouched, glibc keeps twice as much of freed
memory from then on. Otherwise each block is fresh memory: 100,000 page faults, 0.2 s, for a million rows of 20 numbers.
"""

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
        self._texts: Collection[int] = ()
        self._unused: Collection[int] = ()
        self._has_whole = self._passes_over = False

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
    def has_header(self) -> bool:
        """Whether the first line names the columns, given or found."""
        return self._layout.header

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

    def use(self, columns: Collection[str], texts: Collection[str] = ()) -> None:
        self._texts = [place for place, name in enumerate(self.columns) if name in texts]
        self._unused = [place for place, name in enumerate(self.columns) if name not in columns]

    def blocks(self) -> Iterator[Block]:
        line, row = self._layout.rows_from, 1
        np.empty(_KEPT, np.uint8)
        self._file.take(line)
        with self._parsing():
            while not self._as_text:
                lines = self._file.take(self.block_rows)
                if not lines:
                    return
                columns = self._parsed(lines)
                if columns is None:  # from here on, the slower parser, which reads everything
                    self._file.put_back(lines)
                    break
                numbers = range(line + 1, line + 1 + len(lines))
                del lines
                yield Block(columns, row, numbers)
                del columns
                row, line = row + len(numbers), line + len(numbers)
            yield from self._text_blocks(line, row)

    def _parsed(self, lines: list[str]) -> list[Cells] | None:
        """The columns, by NumPy's parser; None where a cell to be read as a number is none, or a code such as 01067.

        The cells of columns that are used as texts are numbered, and the numbers then replaced by the texts.
        """
        if not lines[0].strip() or self._has_commas:
            return None
        texts = {place: _Numbered() for place in self._texts}
        numbers = self._loaded(lines, texts)
        if numbers is None and self._unused and not self._passes_over:
            self._passes_over = True  # unused cells need not be numbers, but calling Python for each takes longer
            numbers = self._loaded(lines, texts)
        if numbers is None or numbers.shape != (len(lines), len(self.columns)) or not np.isfinite(numbers).all():
            return None  # NumPy reads texts such as inf and NaN as numbers; the column decides instead
        columns: list[Cells] = list(numbers.T)
        # A code is read as a whole number: where there is none, there is no need to look at the text.
        self._has_whole = self._has_whole or any(
            bool((column == np.floor(column)).any()) for place, column in enumerate(numbers.T) if place not in texts
        )
        if self._has_whole and holds_codes(lines, self._layout.delimiter):
            return None
        for place, numbered in texts.items():
            names = list(numbered)
            columns[place] = [names[number] for number in numbers[:, place].astype(np.intp).tolist()]
        return columns

    def _loaded(self, lines: list[str], texts: Mapping[int, "_Numbered"]) -> npt.NDArray[np.float64] | None:
        """The cells ``(rows, columns)``: as numbers, or the numbers of ``texts``; None where one is no number."""
        converters: dict[int | str, Callable[[str], float]] = {
            place: numbered.__getitem__ for place, numbered in texts.items()
        }
        if self._passes_over:
            converters |= dict.fromkeys(self._unused, _nothing)
        if converters and any('"' in line for line in lines):
            return None  # in texts, NumPy has other rules about quotes than the csv module
        try:
            return np.loadtxt(
                lines,
                np.float64,
                delimiter=None if self._layout.delimiter == BLANKS else self._layout.delimiter,
                comments=None,
                quotechar='"',
                ndmin=2,
                converters=converters or None,
                encoding=None,
            )
        except (ValueError, OverflowError):
            return None

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


class _Numbered(dict[str, float]):
    """The number of each text, in the order in which they are first asked for."""

    def __missing__(self, text: str) -> float:
        number = self[text] = float(len(self))
        return number


def _nothing(_: str) -> float:
    return 0.0


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
    if "field limit" in str(error):
        advice = ", which a cell exceeds: perhaps a quote is opened and never closed"
    return DataError(f"{where}: this is no table of text: {error}{advice}")
