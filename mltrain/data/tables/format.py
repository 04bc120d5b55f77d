"""What a model keeps of the table that it learned from: which columns there were, and what became of their cells."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Union

import msgspec
import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from mltrain.data.base import InputSpec
from mltrain.data.columns import ColumnKind, LearnedColumn
from mltrain.data.columns.category import none_of
from mltrain.data.columns.index import IndexColumn
from mltrain.data.columns.number import NumberColumn
from mltrain.data.tables.cells import DEFAULT_MISSING, BadCell, Missing, as_texts, canonical, read_numbers
from mltrain.data.tables.notation import PLAIN, Notation
from mltrain.data.tables.source import Block, Cells, Source
from mltrain.errors import DataError

Floats = npt.NDArray[np.float32]

if TYPE_CHECKING:
    from mltrain.data.encoding import Encoding
    from mltrain.data.tables.survey import RawTable

    Column = LearnedColumn
else:  # msgspec reads a column as one of the kinds that there are, by its tag
    Column = Union[tuple(kind.learned for kind in ColumnKind.family if kind.learned is not None)]  # noqa: UP007


class TableFormat(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """How rows of a table become inputs. ``targets`` are the columns that the model predicts.

    ``target_notation`` is how numbers to predict are written.
    """

    columns: tuple[Column, ...]
    targets: tuple[str, ...]
    missing_values: tuple[str, ...] = DEFAULT_MISSING
    target_notation: Notation = PLAIN

    @classmethod
    def learned(cls, columns: Sequence[LearnedColumn], **fields: Any) -> "TableFormat":
        """The format of columns in the order of the table: those that embedding layers read come last."""
        placed = [
            replace(column, place=place) if isinstance(column, IndexColumn) else column
            for place, column in enumerate(columns)
        ]
        return cls(columns=tuple(sorted(placed, key=lambda column: isinstance(column, IndexColumn))), **fields)

    @property
    def in_order(self) -> list[LearnedColumn]:
        """The columns in the order in which they stand in the table."""
        found: list[LearnedColumn] = [column for column in self.columns if not isinstance(column, IndexColumn)]
        for column in self.columns:
            if isinstance(column, IndexColumn):
                found.insert(column.place, column)
        return found

    @property
    def named_inputs(self) -> dict[str, InputSpec]:
        """The inputs that the network reads one by one, where embedding layers read some; else none.

        Raises `DataError` for a column whose name is that of the input of all other columns.
        """
        names = [column.name for column in self.columns if isinstance(column, IndexColumn)]
        if "input" in names:
            raise DataError("column 'input': the input of all other columns has this name; rename the column")
        others = len(self.features) - len(names)
        first = {"input": InputSpec((others,))} if names and others else {}
        return {**first, **{name: InputSpec((1,), "int") for name in names}}

    @property
    def index_names(self) -> dict[str, tuple[str, ...]]:
        """What the indices stand for in the columns that embedding layers read."""
        return {column.name: column.categories for column in self.columns if isinstance(column, IndexColumn)}

    @property
    def features(self) -> list[str]:
        """The names of the inputs, in order."""
        return [name for column in self.columns for name in column.features]

    @property
    def origins(self) -> npt.NDArray[np.float64]:
        """What is subtracted from each input, so that large numbers keep what differs."""
        found = []
        for column in self.columns:
            origin = column.origin if isinstance(column, NumberColumn) else 0.0
            found += [origin if is_number else 0.0 for is_number in column.scaled]
        return np.array(found, np.float64)

    @property
    def is_side_by_side(self) -> bool:
        """Whether a row has the inputs of several formats, so that its columns are not those of the inputs."""
        return False

    @property
    def as_text(self) -> bool:
        """Whether cells are needed as they are written."""
        return any(not isinstance(column, NumberColumn) for column in self.columns)

    def encodings(self) -> "list[Encoding]":
        """How the cells of each column become inputs, as plain data for export."""
        missing = Missing(self.missing_values)
        return [column.encoding(missing) for column in self.columns]

    def decode(self, x: Floats) -> list[list[str]]:
        """The cells, a list a row, that the inputs ``(rows, features)`` stand for; empty for an unknown category."""
        columns, start = [], 0
        for column in self.columns:
            stop = start + len(column.features)
            columns.append(column.decode(x[:, start:stop]))
            start = stop
        return [list(row) for row in zip(*columns, strict=True)]

    def encode(self, source: Source, block: Block) -> Floats:
        """The inputs ``(rows, features)`` of a block whose columns stand in any order. Raises `DataError`.

        What is new to the model, unknown names and gaps, is counted by the source.
        """
        missing = Missing(self.missing_values)
        x = np.empty((len(block.lines), len(self.features)), np.float32)
        start = 0
        for column in self.columns:
            cells = block.columns[source.position(column.name, "which the model needs")]
            reader = column.reader(missing)
            stop = start + len(column.features)
            try:
                codes = reader.read(cells)
                codes = codes if codes.ndim == 2 else codes[:, None]
                absent = np.isnan(codes[:, 0])
                if column.needs_values and absent.any():
                    raise BadCell(int(absent.argmax()), "the value is missing, and the model learned from whole rows")
                column.expand(codes, reader, x[:, start:stop], strict=True)
            except BadCell as bad:
                raise source.refuse(block, column.name, bad) from None
            source.novelties.add(column.name, int(absent.sum()), reader.strange)
            start = stop
        return x

    def expand(self, table: "RawTable") -> Floats:
        """The inputs ``(rows, features)`` of a table; in the same memory where all are numbers."""
        by_name = {read.name: read for read in table.columns}
        in_place = all(isinstance(column, NumberColumn) and not column.gap_input for column in self.columns)
        if in_place and not table.gaps().any():
            origins = {name: read.reader.origin for name, read in by_name.items()}
            if all(isinstance(one, NumberColumn) and one.origin == origins[one.name] for one in self.columns):
                return table.features
        x = table.features if in_place else np.empty((len(table.features), len(self.features)), np.float32)
        start = 0
        for column in self.columns:
            read = by_name[column.name]
            stop = start + len(column.features)
            column.expand(table.features[:, read.slots], read.reader, x[:, start:stop], strict=False)
            start = stop
        return x

    def encode_targets(self, source: Source, block: Block, classes: Sequence[str] | None) -> npt.NDArray[np.float64]:
        """The targets ``(rows, targets)`` of a block: numbers, or class numbers; NaN for none. Raises `DataError`."""
        missing = Missing(self.missing_values)
        found = []
        for name in self.targets:
            cells = block.columns[source.position(name, "which is to be predicted")]
            try:
                if classes:
                    values = _class_numbers(cells, tuple(classes), missing)
                else:
                    values = read_numbers(cells, missing, self.target_notation)
            except BadCell as bad:
                raise source.refuse(block, name, bad) from None
            found.append(values)
        return np.stack(found, axis=1)


def _class_numbers(cells: Cells, classes: tuple[str, ...], missing: Missing) -> npt.NDArray[np.float64]:
    """The number of each cell's class, NaN where it is missing. Raises `BadCell` for a class that was not learned."""
    numbers = {canonical(name): float(number) for number, name in enumerate(classes)}
    numbers |= {name: float(number) for number, name in enumerate(classes)}
    texts = as_texts(cells)
    known: dict[str, float] = {}
    for text in dict.fromkeys(texts):
        number = numbers.get(text.strip(), numbers.get(canonical(text)))
        if text in missing:
            number = np.nan
        if number is None:
            raise BadCell(texts.index(text), none_of(text.strip(), classes))
        known[text] = number
    return np.array([known[text] for text in texts], np.float64)


def read_table(
    source: Source, table: TableFormat, classes: Sequence[str] | None
) -> tuple[Floats, npt.NDArray[np.float32] | npt.NDArray[np.int32]]:
    """All inputs and targets of a file, by a format that was learned before. Raises `DataError`.

    Rows without a target are left out, and counted by the source.
    """
    inputs, targets = [], []
    for block in source.blocks():
        inputs.append(table.encode(source, block))
        targets.append(table.encode_targets(source, block, classes))
    if not inputs:
        raise DataError(f"{source.name}: there are no rows in it")
    x, y = np.concatenate(inputs), np.concatenate(targets)
    if (absent := np.isnan(y).any(axis=1)).any():
        if absent.all():
            raise DataError(
                f"{source.name}: {', '.join(map(repr, table.targets))}, to be predicted, is empty in all rows"
            )
        source.novelties.without_target = int(absent.sum())
        x, y = x[~absent], y[~absent]
    return x, y[:, 0].astype(np.int32) if classes else y.astype(np.float32)
