"""Predicts the rows of a table file with a model, block by block."""

from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.base import Split
from mltrain.data.columns.number import NumberColumn
from mltrain.data.tables.format import TableFormat, read_table
from mltrain.data.tables.layout import UNKNOWN, Like
from mltrain.data.tables.opening import open_rows
from mltrain.data.tables.source import Block, Source
from mltrain.engine.arrays import size
from mltrain.errors import DataError
from mltrain.inference.model import Model


class Predicted(NamedTuple):
    """A block of rows and the outputs for them, ``(rows, outputs)``."""

    block: Block
    y: npt.NDArray[np.float32]


def open_for(model: Model, path: Path | str, *, as_text: bool = False, keep: bool = False) -> Source:
    """A file of rows for the model; with ``keep``, all of its columns are copied to the output. Raises `DataError`."""
    table = model.preprocessing.table
    names = [*(column.name for column in table.columns), *table.targets] if table else []
    as_text = as_text or (table is not None and table.as_text)
    return open_rows(path, expected=names, like=_like(model), as_text=as_text, keep=keep)


def _like(model: Model) -> Like:
    """The probable layout of new rows: the layout of the model's training data, where its config describes one."""
    table = model.preprocessing.table
    columns = [column.name for column in table.in_order] if table else []
    return model.config.dataset.layout(columns) or UNKNOWN


def predict_blocks(model: Model, source: Source) -> Iterator[Predicted]:
    """The predictions for all rows, block by block. Raises `DataError`, which names file, row and column."""
    table = table_for(model, source, targets=0)
    names = [column.name for column in table.columns]
    for name in names:  # also for zero rows
        source.position(name, "which the model needs")
    source.use(names)

    def predicted(block: Block) -> Predicted:
        x = table.encode(source, block)
        return Predicted(block, model.predict(x.reshape(len(x), *model.row_spec.input_shape)))

    yield from map(predicted, source.blocks())  # a loop would keep a block in memory while the next one is read


def read_split(model: Model, source: Source) -> Split:
    """All rows of a file with their targets, to evaluate the model on. Raises `DataError`."""
    classes = model.row_spec.classes
    table = table_for(model, source, targets=1 if classes is not None else model.row_spec.outputs)
    source.use([*(column.name for column in table.columns), *table.targets])
    x, y = read_table(source, table, classes)
    return Split(x.reshape(len(x), *model.row_spec.input_shape), y)


def target_names(model: Model) -> list[str]:
    """The names of the model's targets: those of its table, or ``y`` (``y_1``, ``y_2``, ...)."""
    table = model.preprocessing.table
    if table is not None:
        return list(table.targets)
    *positions, outputs = model.network.output_shape
    outputs = size(tuple(positions)) * (1 if model.classes is not None else outputs)
    return ["y"] if outputs == 1 else [f"y_{number}" for number in range(1, outputs + 1)]


def table_for(model: Model, source: Source, targets: int) -> TableFormat:
    """The table description of the model; for a model of another dataset, the file's columns in their order."""
    table = model.preprocessing.table
    if table is not None:
        return table
    wanted, names = size(model.row_spec.input_shape), source.columns
    if len(names) != wanted + targets:
        has = "1 column" if len(names) == 1 else f"{len(names)} columns"
        inputs = "1 number" if wanted == 1 else f"{wanted} numbers"
        more = f", and then {targets} to compare with" if targets else ""
        raise DataError(f"{source.name}: has {has}, but the model takes {inputs} a row, in order{more}")
    columns = tuple(NumberColumn(name=name) for name in names[:wanted])
    return TableFormat(columns=columns, targets=names[wanted:])
