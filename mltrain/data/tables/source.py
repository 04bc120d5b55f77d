"""What every file of rows looks like to those who read it: named columns, whose cells come in blocks of rows."""

import json
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.tables.cells import BadCell
from mltrain.errors import DataError, Worded
from mltrain.names.nearest import no_column

BLOCK_ROWS = 8192
"""Rows that are in memory as text at a time."""

_BLOCK_CELLS = 1_000_000
"""Cells that are in memory as text at a time, in tables of many columns."""

MOST_COLUMNS = 20_000
"""A model keeps the name of each, and what is done to it."""

_MOST_NAMED = 3
_NOTHING = ("<NA>", "NaT")
"""What pandas' missing values are as text."""

Cells = Sequence[str] | npt.NDArray[np.float64]
"""The cells of a column as they stand in the file, or as numbers where the file's reader makes numbers of them."""


def as_cell(value: Any) -> str:
    """The cell that a value is which has a type: nothing, NaN and pandas' NA are an empty one."""
    if isinstance(value, str):
        return value
    if value is None or (isinstance(value, float) and value != value) or str(value) in _NOTHING:
        return ""
    return json.dumps(value) if isinstance(value, bool | list | dict) else str(value)


class Block(NamedTuple):
    """Some rows, column by column. ``first`` is the first one's number, ``lines`` where in the file each stands.

    ``rows`` are the same as JSON objects, if the file has types and was opened to keep them.
    """

    columns: Sequence[Cells]
    first: int
    lines: Sequence[int]
    rows: Sequence[Mapping[str, Any]] | None = None


class Novelties:
    """What a model met in new rows that it had not learned: gaps that it filled, and unknown texts, by column.

    ``without_target`` counts the rows that cannot be evaluated.
    """

    def __init__(self) -> None:
        self.gaps: Counter[str] = Counter()
        self.unknown: dict[str, Counter[str]] = {}
        self.without_target = 0

    def add(self, column: str, gaps: int, unknown: Counter[str]) -> None:
        """Count what stood in some more cells."""
        if gaps:
            self.gaps[column] += gaps
        if unknown:
            self.unknown.setdefault(column, Counter()).update(unknown)

    def sentences(self) -> list[str]:
        """What was met, at most a sentence a kind."""
        found = []
        if self.unknown:
            parts = [
                f"{texts.total():,} in '{name}' ({', '.join(repr(text) for text, _ in texts.most_common(_MOST_NAMED))}"
                f"{', ...' if len(texts) > _MOST_NAMED else ''})"
                for name, texts in self.unknown.items()
            ]
            found.append(f"values that are rare or new to the model count as other: {', '.join(parts)}")
        if self.gaps:
            parts = [f"{count:,} in '{name}'" for name, count in self.gaps.items()]
            found.append(f"missing values were filled in: {', '.join(parts)}")
        if self.without_target:
            found.append(f"rows without the value to be predicted were left out: {self.without_target:,}")
        return found


class Source:
    """A file of rows, read once from top to end. As a context manager it closes the file."""

    name: str
    columns: tuple[str, ...]

    def blocks(self) -> Iterator[Block]:
        """All rows. Raises `DataError`, which names file, line and what is wrong."""
        raise NotImplementedError

    @property
    def notes(self) -> list[str]:
        """What was found out about the file, up to where it was read: guesses that could be otherwise, in sentences."""
        return []

    @property
    def guesses(self) -> dict[str, str | bool]:
        """Options of the dataset that say what was guessed, so that it need not be guessed again."""
        return {}

    @property
    def has_more_than_rows(self) -> bool:
        """Whether the file has something besides its rows and their columns' names."""
        return False

    @property
    def unusable(self) -> dict[str, str]:
        """Columns that cannot be cells, with what they hold."""
        return {}

    def use(self, columns: Collection[str], texts: Collection[str] = ()) -> None:
        """Say before `blocks` which columns are used, and which of these as they are written, also numbers.

        The cells of columns that are not used may be anything from then on.
        """

    def most_rows(self) -> int:
        """How many rows there are, or a few more: for files of which all rows are kept in memory."""
        raise NotImplementedError

    def close(self) -> None:
        """Let the file go."""

    def __enter__(self) -> "Source":
        return self

    def __exit__(self, *exception: Any) -> None:
        self.close()

    def check_columns(self) -> None:
        """Raises `DataError` if there are too many columns or none, or two of one name."""
        if not self.columns:
            raise DataError(f"{self.name}: there are no columns in it")
        if len(self.columns) > MOST_COLUMNS:
            raise DataError(f"{self.name}: has {len(self.columns):,} columns; at most {MOST_COLUMNS:,} can be read")
        if repeated := [name for name, count in Counter(self.columns).items() if count > 1]:
            raise DataError(
                f"{self.name}:1: two columns are called '{repeated[0]}'; each needs a name of its own: rename one"
            )

    @property
    def block_rows(self) -> int:
        """Rows of a block."""
        return max(1, min(BLOCK_ROWS, _BLOCK_CELLS // len(self.columns)))

    def refuse(self, block: Block, column: str, bad: BadCell) -> DataError:
        """The error for one cell: file, line, row, column, and what is wrong."""
        line, row = block.lines[bad.index], block.first + bad.index
        return DataError(
            Worded.placed(f"{self.name}:{line}: row {row:,}, column '{column}': ", bad.message),
            path=self.name,
            line=line,
            row=row,
            column=column,
        )

    def position(self, column: str, what: str) -> int:
        """Where a column stands. Raises `DataError`, which says ``what`` the column was wanted for."""
        if column not in self._places:
            raise DataError(f"{self.name}: {no_column(column, self.columns)}, {what}", path=self.name, column=column)
        return self._places[column]

    @cached_property
    def novelties(self) -> Novelties:
        """What a model met in the rows that it had not learned."""
        return Novelties()

    @cached_property
    def _places(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.columns)}
