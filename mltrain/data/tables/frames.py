"""Tables in memory as a source of rows, like any file: what pandas, Polars, PyArrow, NumPy and plain Python call one.

None of these libraries is imported: a table is recognized by what it offers.
"""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.data.tables.cells import BadCell
from mltrain.data.tables.source import Block, Cells, Source, as_cell
from mltrain.errors import DataError, Worded
from mltrain.system.extras import needed

EXACT = 2**53
"""Whole numbers below this one are exact as 64-bit floats. Columns with larger ones are read as text."""

_WHOLE, _FLOATS = ("int", "uint"), ("float", "double", "half")
"""How the names of types of numbers begin, in all of these libraries."""


class Frame(Source):
    """Columns of cells by name; ``name`` is what messages call the table."""

    def __init__(self, name: str, columns: Mapping[str, Cells]):
        self.name, self.columns, self._cells = name, tuple(columns), list(columns.values())
        if not columns:
            raise DataError(f"{name} has no columns")
        lengths = {column: len(cells) for column, cells in columns.items()}
        self._rows = next(iter(lengths.values()))
        for column, length in lengths.items():
            if length != self._rows:
                first = self.columns[0]
                raise DataError(f"{name}: column '{column}' has {length} cells, but '{first}' has {self._rows}")

    def __len__(self) -> int:
        return self._rows

    def most_rows(self) -> int:
        return self._rows

    def refuse(self, block: Block, column: str, bad: BadCell) -> DataError:
        row = block.first + bad.index
        message = Worded.placed(f"{self.name}: row {row:,}, column '{column}': ", bad.message)
        return DataError(message, path=self.name, row=row, column=column)

    def blocks(self) -> Iterator[Block]:
        for start in range(0, self._rows, self.block_rows):
            stop = min(start + self.block_rows, self._rows)
            columns = [cells[start:stop] for cells in self._cells]
            yield Block(columns, start + 1, range(start + 1, stop + 1))


def frame(name: str, rows: Any) -> Frame | None:
    """The table that ``rows`` are; None where they have no names of columns, as arrays have none.

    That is a data frame of pandas or Polars, a table or record batch of PyArrow, an object that exports an Arrow
    stream, a structured array of NumPy, a mapping of columns by name, or a sequence of mappings, one a row. Raises
    `DataError`.
    """
    columns = _columns(name, rows)
    if columns is None:
        return None
    names = [str(column) for column, _ in columns]
    if repeated := [column for column in names if names.count(column) > 1]:
        raise DataError(f"{name}: two columns are called '{repeated[0]}'; each needs a name of its own")
    return Frame(name, {column: _cells(name, column, cells) for column, (_, cells) in zip(names, columns, strict=True)})


def _columns(name: str, rows: Any) -> list[tuple[Any, Any]] | None:
    """Names and columns, as the library has them; a name may be there twice."""
    if isinstance(rows, Mapping):
        return list(rows.items())
    if isinstance(rows, Sequence) and rows and isinstance(rows[0], Mapping):
        for index, row in enumerate(rows):
            if not isinstance(row, Mapping):
                raise DataError(f"{name}: row {index + 1} is {type(row).__name__}, not cells by name as row 1 is")
        names = dict.fromkeys(column for row in rows for column in row)
        return [(column, [row.get(column) for row in rows]) for column in names]
    if hasattr(rows, "column_names") and callable(getattr(rows, "column", None)):  # PyArrow
        return [(column, rows.column(index)) for index, column in enumerate(rows.column_names)]
    if callable(getattr(rows, "collect", None)) and hasattr(rows, "collect_schema"):  # what Polars computes when asked
        return _columns(name, rows.collect())
    if hasattr(rows, "columns") and hasattr(rows, "iloc"):  # pandas, where a name may be there twice
        return [(column, rows.iloc[:, index]) for index, column in enumerate(rows.columns)]
    if hasattr(rows, "columns") and hasattr(rows, "__getitem__") and not callable(rows.columns):
        return [(column, rows[column]) for column in rows.columns]
    if isinstance(rows, np.ndarray) and rows.dtype.names:
        return [(column, rows[column]) for column in rows.dtype.names]
    if hasattr(rows, "__arrow_c_stream__") and not hasattr(rows, "dtype"):
        return _columns(name, needed("pyarrow", "reading an Arrow stream", "parquet").table(rows))
    return None


def _cells(name: str, column: str, values: Any) -> Cells:
    """Numbers as numbers, with nan for what is missing; everything else as text, with empty cells for that."""
    if isinstance(values, str | bytes) or not hasattr(values, "__len__"):
        kind = type(values).__name__
        raise DataError(f"{name}: '{column}' is {kind}, not a column of cells; a single row is a list: [{{...}}]")
    kind = str(getattr(values, "dtype", getattr(values, "type", ""))).lower()
    if kind.startswith((*_WHOLE, *_FLOATS)):
        array = np.asarray(values)
        if array.dtype.kind in "iuf" and (kind.startswith(_FLOATS) or _are_exact(array)):
            return array.astype(np.float64)
    ways = [getattr(values, way) for way in ("to_pylist", "to_list", "tolist") if hasattr(values, way)]
    listed: list[Any] = ways[0]() if ways else list(values)
    kinds = set(map(type, listed)) - {type(None)}
    if kinds and kinds <= {int, float}:
        with suppress(OverflowError):  # of integers beyond 1e308, which are refused as text
            array = np.array(listed, np.float64)  # None becomes nan
            if int not in kinds or _are_exact(array):
                return array
    return [str(value) if isinstance(value, bool) else as_cell(value) for value in listed]


def _are_exact(numbers: npt.NDArray[Any]) -> bool:
    """Whether whole numbers, with nan for what is missing, are so small that a 64-bit float rounds none of them."""
    with np.errstate(invalid="ignore"):
        return not (np.abs(numbers.astype(np.float64)) >= EXACT).any()
