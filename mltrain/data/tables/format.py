"""What a model keeps of the table that it learned from: which columns there were, and what became of their cells."""

from collections.abc import Sequence
from typing import Literal

import msgspec
import numpy as np
import numpy.typing as npt

from mltrain.data.tables.cells import DEFAULT_MISSING, BadCell, Missing, read_numbers
from mltrain.data.tables.source import Block, Cells, Source
from mltrain.errors import DataError

Floats = npt.NDArray[np.float32]

UNKNOWN = -1.0
"""The code of a category that was not there when the model learned, where such are ignored."""

_MOST_NAMES = 8


class NumberColumn(msgspec.Struct, frozen=True, kw_only=True, tag="number", forbid_unknown_fields=True):
    """A column of numbers. ``fill`` stands in for a missing one; None where none may be missing."""

    name: str
    fill: float | None = None

    @property
    def features(self) -> list[str]:
        """Names of the inputs that the column becomes: itself."""
        return [self.name]

    def codes(self, cells: Cells, missing: Missing) -> npt.NDArray[np.float64]:
        """A number for each cell, nan where a value is missing. Raises `BadCell`."""
        return read_numbers(cells, missing)

    @property
    def fill_code(self) -> float | None:
        return self.fill

    def write(self, codes: Floats, x: Floats) -> None:
        """Write the inputs ``(rows, features)`` that the codes, of which none is nan, stand for."""
        x[:, 0] = codes


class CategoryColumn(msgspec.Struct, frozen=True, kw_only=True, tag="category", forbid_unknown_fields=True):
    """A column of names. Each becomes one input for each category, in this order: 1 for its own, 0 for the others."""

    name: str
    categories: tuple[str, ...]
    fill: str | None = None
    unknown: Literal["error", "ignore"] = "error"

    def __post_init__(self) -> None:
        if self.fill is not None and self.fill not in self.categories:
            raise ValueError(f"'{self.fill}' is none of the categories of '{self.name}'")

    @property
    def features(self) -> list[str]:
        """Names of the inputs that the column becomes: ``island=Biscoe``, ..."""
        return [f"{self.name}={category}" for category in self.categories]

    def codes(self, cells: Cells, missing: Missing) -> npt.NDArray[np.float64]:
        """The category's number for each cell, nan where a value is missing. Raises `BadCell`."""
        numbers = {category: float(number) for number, category in enumerate(self.categories)}
        return lookup(cells, numbers, missing, UNKNOWN if self.unknown == "ignore" else None)

    @property
    def fill_code(self) -> float | None:
        return None if self.fill is None else float(self.categories.index(self.fill))

    def write(self, codes: Floats, x: Floats) -> None:
        """Write the inputs ``(rows, features)`` that the codes, of which none is nan, stand for."""
        np.equal(codes[:, None], np.arange(len(self.categories), dtype=np.float32), out=x, casting="unsafe")


Column = NumberColumn | CategoryColumn


class TableFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How rows of a table become inputs. ``targets`` are the columns that the model predicts."""

    columns: tuple[Column, ...]
    targets: tuple[str, ...]
    missing_values: tuple[str, ...] = DEFAULT_MISSING

    @property
    def features(self) -> list[str]:
        """The names of the inputs, in order."""
        return [name for column in self.columns for name in column.features]

    @property
    def as_text(self) -> bool:
        """Whether cells are needed as they are written."""
        return any(isinstance(column, CategoryColumn) for column in self.columns)

    def decode(self, x: Floats) -> list[list[str]]:
        """The cells, a list a row, that the inputs ``(rows, features)`` stand for; empty for an unknown category."""
        columns, start = [], 0
        for column in self.columns:
            stop = start + len(column.features)
            part, start = x[:, start:stop], stop
            if isinstance(column, CategoryColumn):
                columns.append([column.categories[int(row.argmax())] if row.any() else "" for row in part])
            else:
                columns.append([f"{value:g}" for value in part[:, 0].tolist()])
        return [list(row) for row in zip(*columns, strict=True)]

    def encode(self, source: Source, block: Block) -> Floats:
        """The inputs ``(rows, features)`` of a block whose columns stand in any order. Raises `DataError`."""
        missing = Missing(self.missing_values)
        codes = np.empty((len(block.lines), len(self.columns)), np.float32)
        for index, column in enumerate(self.columns):
            cells = block.columns[source.position(column.name, "which the model needs")]
            try:
                codes[:, index] = column.codes(cells, missing)
                absent = np.isnan(codes[:, index])
                if column.fill_code is None and absent.any():
                    raise BadCell(int(absent.argmax()), "the value is missing, and the model learned from whole rows")
            except BadCell as bad:
                raise source.refuse(block, column.name, bad) from None
        return self.expand(codes)

    def expand(self, codes: Floats) -> Floats:
        """The inputs ``(rows, features)`` for codes ``(rows, columns)``; in the same memory where all are numbers."""
        for index, column in enumerate(self.columns):
            if column.fill_code is not None:
                absent = np.isnan(codes[:, index])
                codes[absent, index] = column.fill_code
        if all(isinstance(column, NumberColumn) for column in self.columns):
            return codes
        x = np.empty((len(codes), len(self.features)), np.float32)
        start = 0
        for index, column in enumerate(self.columns):
            stop = start + len(column.features)
            column.write(codes[:, index], x[:, start:stop])
            start = stop
        return x

    def encode_targets(self, source: Source, block: Block, classes: Sequence[str] | None) -> npt.NDArray[np.float64]:
        """The targets ``(rows, targets)`` of a block: numbers, or class numbers. Raises `DataError`."""
        missing = Missing(self.missing_values)
        numbers = {name: float(number) for number, name in enumerate(classes or ())}
        found = []
        for name in self.targets:
            cells = block.columns[source.position(name, "which is to be predicted")]
            try:
                values = lookup(cells, numbers, missing, None) if classes else read_numbers(cells, missing)
                if np.isnan(values).any():
                    raise BadCell(int(np.isnan(values).argmax()), "the value to be predicted is missing")
            except BadCell as bad:
                raise source.refuse(block, name, bad) from None
            found.append(values)
        return np.stack(found, axis=1)


def lookup(cells: Cells, numbers: dict[str, float], missing: Missing, unknown: float | None) -> npt.NDArray[np.float64]:
    """The number of each cell's name, nan where it is missing; ``unknown`` for others, or `BadCell` if that is None."""
    texts = as_texts(cells)
    known = {text: _number(text, numbers, missing) for text in set(texts)}
    codes = [known[text] for text in texts]
    if None in codes:
        if unknown is None:
            index = codes.index(None)
            names = ", ".join(list(numbers)[:_MOST_NAMES]) + (", ..." if len(numbers) > _MOST_NAMES else "")
            raise BadCell(index, f"{texts[index].strip()!r} is none of the names learned from: {names}")
        codes = [unknown if code is None else code for code in codes]
    return np.array(codes, np.float64)


def _number(text: str, numbers: dict[str, float], missing: Missing) -> float | None:
    return np.nan if text in missing else numbers.get(text.strip())


def as_texts(cells: Cells) -> Sequence[str]:
    """Cells as texts: whole numbers without a decimal point."""
    if not isinstance(cells, np.ndarray):
        return cells
    return ["" if np.isnan(cell) else f"{cell:.0f}" if cell.is_integer() else repr(cell) for cell in cells.tolist()]


def read_table(
    source: Source, table: TableFormat, classes: Sequence[str] | None
) -> tuple[Floats, npt.NDArray[np.float32] | npt.NDArray[np.int32]]:
    """All inputs and targets of a file, by a format that was learned before. Raises `DataError`."""
    inputs, targets = [], []
    for block in source.blocks():
        inputs.append(table.encode(source, block))
        targets.append(table.encode_targets(source, block, classes))
    if not inputs:
        raise DataError(f"{source.name}: there are no rows in it")
    y = np.concatenate(targets)
    return np.concatenate(inputs), y[:, 0].astype(np.int32) if classes else y.astype(np.float32)
