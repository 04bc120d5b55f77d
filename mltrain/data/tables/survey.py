"""Reading a whole table to learn from: one number a cell, in memory for each cell once."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.tables.cells import BadCell, Missing, as_number, look, read_numbers
from mltrain.data.tables.format import as_texts
from mltrain.data.tables.source import Block, Cells, Source
from mltrain.errors import DataError

Floats = npt.NDArray[np.float32]

MOST_CATEGORIES = 1000
"""Names that a column may hold: each becomes an input of its own."""


class Roles(NamedTuple):
    """Which columns are read, and what for. ``categories`` are taken as names, even if they hold numbers."""

    features: Sequence[str]
    targets: Sequence[str]
    categories: Sequence[str] = ()
    split: str | None = None


@dataclass
class Surveyed:
    """One column: the names that it holds, by their codes, or None if it holds numbers."""

    name: str
    is_category: bool | None
    names: dict[str, float] = field(default_factory=dict)

    def read(self, cells: Cells, missing: Missing) -> npt.NDArray[np.float64]:
        """A number for each cell: itself, or the code of its name; nan where a value is missing. Raises `BadCell`."""
        if self.is_category is None:
            self.is_category = not isinstance(cells, np.ndarray) and not look(cells, missing)
        return self._codes(as_texts(cells), missing) if self.is_category else read_numbers(cells, missing)

    def _codes(self, cells: Sequence[str], missing: Missing) -> npt.NDArray[np.float64]:
        names, known = self.names, {}
        for text in dict.fromkeys(cells):
            known[text] = np.nan if text in missing else names.setdefault(text.strip(), float(len(names)))
            if len(names) > MOST_CATEGORIES:
                raise BadCell(
                    cells.index(text),
                    f"{text.strip()!r} is the {MOST_CATEGORIES + 1:,}th different text of the column, too many for "
                    "categories; name the column in ignore",
                )
        return np.array([known[cell] for cell in cells], np.float64)

    def sort(self, codes: Floats) -> None:
        """Give the names codes in their order (of numbers or of letters), so that it does not depend on the rows'."""
        numbers = {name: as_number(name) for name in self.names}
        by_number = all(number is not None for number in numbers.values())
        in_order = sorted(self.names, key=lambda name: (numbers[name] or 0.0, name) if by_number else (0.0, name))
        new = {name: float(code) for code, name in enumerate(in_order)}
        table = np.array([new[name] for name in self.names], np.float32)
        present = ~np.isnan(codes)
        codes[present] = table[codes[present].astype(np.intp)]
        self.names = new


@dataclass
class RawTable:
    """All rows: ``features`` and ``targets`` are float32 ``(rows, columns)``, nan where a value is missing.

    ``split`` holds the part that each row is said to belong to, if a column says so.
    """

    source: str
    columns: list[Surveyed]
    target_columns: list[Surveyed]
    features: Floats
    targets: Floats
    split: list[str] | None

    @property
    def classes(self) -> tuple[str, ...] | None:
        """Names of the classes, if the target is a column of names."""
        first = self.target_columns[0]
        return tuple(first.names) if first.is_category else None


def survey(source: Source, roles: Roles, missing: Missing) -> RawTable:
    """Read all rows. Raises `DataError`, which names file, line, row and column."""
    columns = [Surveyed(name, True if name in roles.categories else None) for name in roles.features]
    targets = [Surveyed(name, True if name in roles.categories else None) for name in roles.targets]
    places = [source.position(column.name, "which is to be read") for column in (*columns, *targets)]
    most = source.most_rows()
    table = RawTable(
        source.name,
        columns,
        targets,
        np.empty((most, len(columns)), np.float32),
        np.empty((most, len(targets)), np.float32),
        None if roles.split is None else [],
    )
    rows = 0
    for block in source.blocks():
        part = slice(rows, rows + len(block.lines))
        for (array, index), column, place in zip(_slots(table), (*columns, *targets), places, strict=True):
            array[part, index] = _read(source, block, column, block.columns[place], missing)
        if table.split is not None and roles.split is not None:
            table.split += as_texts(block.columns[source.position(roles.split, "which says how to split")])
        rows = part.stop
    if not rows:
        raise DataError(f"{source.name}: there are no rows in it")
    table.features, table.targets = table.features[:rows], table.targets[:rows]
    for (array, index), column in zip(_slots(table), (*columns, *targets), strict=True):
        if column.is_category:
            column.sort(array[:, index])
    _check_targets(table)
    return table


def _slots(table: RawTable) -> Iterator[tuple[Floats, int]]:
    """Where each column's numbers go: an array, and the column's number in it."""
    for array in (table.features, table.targets):
        for index in range(array.shape[1]):
            yield array, index


def _read(source: Source, block: Block, column: Surveyed, cells: Cells, missing: Missing) -> npt.NDArray[np.float64]:
    try:
        return column.read(cells, missing)
    except BadCell as bad:
        raise source.refuse(block, column.name, bad) from None


def _check_targets(table: RawTable) -> None:
    names = [column.name for column in table.target_columns if column.is_category]
    if names and len(table.target_columns) > 1:
        raise DataError(
            f"{table.source}: '{names[0]}' holds names; a target of names stands alone, several targets are numbers"
        )
    if names and len(table.target_columns[0].names) < 2:
        raise DataError(f"{table.source}: all rows have the same '{names[0]}', so there is nothing to tell apart")
