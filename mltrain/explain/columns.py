"""The columns of a row, and which of a network's inputs each of them has become.

People ask about a column of their file, and not about one of its encoded inputs, so explanations permute, replace and
sum all inputs of a column together.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.columns import LearnedColumn
from mltrain.data.columns.date import DateColumn
from mltrain.data.columns.number import NumberColumn
from mltrain.data.tables.cells import Missing
from mltrain.data.tables.format import TableFormat
from mltrain.data.tables.side_by_side import SideBySide
from mltrain.engine.arrays import Floats
from mltrain.inference.model import Model

Cell = float | str
"""What a cell holds: a number, or a text as people write it."""

_MOST_CELLS = 25
"""Values of a column over which dependence is shown, at most."""


MOST_PICTURED = 200
"""Columns of which pictures of a run show the importance, at most."""


class ColumnInputs(NamedTuple):
    """A column, and the places of its inputs in a row.

    ``learned`` is how each of the model's table formats reads it: one, or one for each fold; none where the model
    learned from rows of plain numbers.
    """

    name: str
    inputs: npt.NDArray[np.intp]
    learned: tuple[LearnedColumn, ...] = ()
    missing_values: tuple[str, ...] = ()

    @property
    def is_number(self) -> bool:
        return not self.learned or isinstance(self.learned[0], NumberColumn)

    @property
    def is_ordered(self) -> bool:
        """Whether the column has a smallest and a largest value: numbers, and dates, whose texts have their order."""
        return self.is_number or isinstance(self.learned[0], DateColumn)

    def texts(self, x: Floats) -> list[str]:
        """As `cells`, as people write them."""
        return (
            list(self.learned[0].decode(x[:, self.inputs[: len(self.learned[0].features)]]))
            if self.learned
            else [f"{value:g}" for value in x[:, self.inputs[0]].tolist()]
        )

    def cells(self, x: Floats) -> list[Cell]:
        """What the rows ``(rows, inputs of all columns)`` have in this column."""
        if not self.learned:
            return [float(value) for value in x[:, self.inputs[0]].tolist()]
        first = self.learned[0]
        own = x[:, self.inputs[: len(first.features)]]
        if isinstance(first, NumberColumn):
            return [value + first.origin for value in own[:, 0].astype(np.float64).tolist()]
        return list(first.decode(own))

    def encoded(self, cells: Sequence[Cell]) -> Floats:
        """The inputs ``(cells, inputs of this column)`` of some cells, as `cells` gives them."""
        if not self.learned:
            return np.array(cells, np.float32)[:, None]
        parts = []
        for column in self.learned:
            reader = column.reader(Missing(self.missing_values))
            held = np.array(cells, np.float64) if self.is_number else [str(cell) for cell in cells]
            codes = reader.read(held)
            part = np.empty((len(cells), len(column.features)), np.float32)
            column.expand(codes if codes.ndim == 2 else codes[:, None], reader, part, strict=False)
            parts.append(part)
        return np.concatenate(parts, axis=1)

    def grid(self, x: Floats) -> list[Cell]:
        """Some cells over all that the rows ``x`` have in this column.

        Numbers go from the smallest to the largest, in equal steps where there are many different ones. Of names, the
        most frequent come first; what has an order, such as dates, is in it.
        """
        cells = self.cells(x)
        if self.is_number:
            values = np.unique(np.array(cells, np.float64))
            if len(values) > _MOST_CELLS:
                values = np.linspace(values[0], values[-1], _MOST_CELLS)
            return list(values.tolist())
        counts: dict[Cell, int] = {}
        for cell in cells:
            counts[cell] = counts.get(cell, 0) + 1
        if self.is_ordered:
            distinct = sorted(counts, key=str)
            return distinct[:: max(1, -(-len(distinct) // _MOST_CELLS))]
        return sorted(counts, key=lambda cell: (-counts[cell], str(cell)))[:_MOST_CELLS]

    def codes(self, x: Floats) -> npt.NDArray[np.float64]:
        """A number for each row: the number in it, or else the place of the cell among the different ones."""
        cells = self.cells(x)
        if self.is_number:
            return np.array(cells, np.float64)
        return np.unique(np.array(cells, np.str_), return_inverse=True)[1].reshape(-1).astype(np.float64)


def columns_of(model: Model) -> list[ColumnInputs]:
    """The columns of the model's rows; none where rows are images, or other arrays of several axes.

    Rows of plain numbers have the columns ``x_1``, ``x_2``, ..., or ``x`` where there is one.
    """
    table = model.preprocessing.table
    if table is not None:
        return _of_table(table)
    if len(model.row_spec.input_shape) != 1:
        return []
    (width,) = model.row_spec.input_shape
    names = ["x"] if width == 1 else [f"x_{number}" for number in range(1, width + 1)]
    return [ColumnInputs(name, np.array([place])) for place, name in enumerate(names)]


def _of_table(table: TableFormat) -> list[ColumnInputs]:
    places: dict[str, list[int]] = {column.name: [] for column in table.in_order}
    learned: dict[str, list[LearnedColumn]] = {name: [] for name in places}
    start = 0
    for one in table.formats if isinstance(table, SideBySide) else (table,):
        for column in one.columns:
            stop = start + len(column.features)
            places[column.name] += range(start, stop)
            learned[column.name].append(column)
            start = stop
    return [
        ColumnInputs(name, np.array(found, np.intp), tuple(learned[name]), table.missing_values)
        for name, found in places.items()
        if found
    ]
