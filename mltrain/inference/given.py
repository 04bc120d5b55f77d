"""Converts rows in memory to a model's input: arrays by position, tables by column names."""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from mltrain.data.base import RowSpec, Split
from mltrain.engine.layers.base import shape_text
from mltrain.errors import DataError

if TYPE_CHECKING:
    from mltrain.data.tables.format import TableFormat
    from mltrain.data.tables.frames import Frame

Given = npt.ArrayLike | Mapping[str, Any] | Sequence[Mapping[str, Any]] | Any
"""An array of rows, or a table: see `mltrain.data.tables.frames.frame`."""


def given_rows(x: Given, row_spec: RowSpec, table: "TableFormat | None") -> npt.NDArray[Any]:
    """The rows ``(rows, *input_shape)``, float32 or bytes. Raises `DataError`.

    Numbers are in the units of the table; float32 arrays are as a dataset gives them, less its large numbers' origins.
    The columns of a table are found by name where the model learned from a ``table``, in any order and among others;
    otherwise they are taken in their order. An array for an ensemble whose members have different inputs has the
    table's columns in their order.
    """
    source = _frame("x", x)
    if table is not None and table.is_side_by_side and source is None:
        columns: npt.NDArray[Any] = np.asarray(x).T
        if columns.ndim == 2 and len(columns) == len(table.columns):
            source = _frame("x", dict(zip((column.name for column in table.columns), columns, strict=True)))
    if source is not None and table is not None:
        for column in table.columns:  # also for zero rows
            source.position(column.name, "which the model needs")
        blocks = [table.encode(source, block) for block in source.blocks()]
        return np.concatenate(blocks) if blocks else np.empty((0, *row_spec.input_shape), np.float32)
    try:
        rows = np.asarray(x) if source is None else _numbers(source)
        if table is not None and table.origins.any() and rows.dtype not in (np.float32, np.uint8):
            rows = rows.astype(np.float64) - table.origins
        rows = rows if rows.dtype == np.uint8 else rows.astype(np.float32)
    except (ValueError, TypeError) as error:
        raise DataError(f"x must hold numbers, in rows of equal length{_by_name(table)}") from error
    if source is not None and rows.shape[1] == int(np.prod(row_spec.input_shape)):
        rows = rows.reshape(len(rows), *row_spec.input_shape)
    if rows.shape[1:] != row_spec.input_shape or not rows.ndim:
        shape = row_spec.input_shape
        want = f"(rows, {', '.join(map(str, shape))}): each row is {shape_text(shape)}"
        noun = f"number{'s' if shape != (1,) else ''}"
        raise DataError(f"x has shape {rows.shape}, but the model takes {want} {noun}{_by_name(table)}")
    if not np.isfinite(rows).all():
        raise DataError("x holds numbers that are infinite or not a number")
    return rows


def _frame(name: str, given: Given) -> "Frame | None":
    """The rows of a table in memory, or None for a plain array, which needs none of the modules for tables."""
    if isinstance(given, np.ndarray) and given.dtype.names is None:
        return None
    from mltrain.data.tables.frames import frame

    return frame(name, given)


def _numbers(source: "Frame") -> npt.NDArray[np.float64]:
    """The columns in their order, for a model without column names."""
    columns = [cells for block in source.blocks() for cells in block.columns]
    for name, cells in zip(source.columns, columns, strict=False):
        if not isinstance(cells, np.ndarray):
            raise DataError(
                f"x: column '{name}' does not hold numbers; this model learned from no table, so it takes columns of "
                "numbers, in order"
            )
    return np.concatenate([np.stack([np.asarray(c) for c in block.columns], axis=1) for block in source.blocks()])


def _by_name(table: "TableFormat | None") -> str:
    """The end of a message: the forms of input that a model of a table accepts."""
    if table is None:
        return ""
    names = ", ".join(column.name for column in table.columns)
    return f"; it learned from a table, so it takes a data frame or a list of dicts with the columns {names}, too"


def given_split(x: Given, y: Any, row_spec: RowSpec, table: "TableFormat | None") -> Split:
    """Rows with their targets. Without ``y``, ``x`` is a table with a target column. Raises `DataError`."""
    if y is not None:
        rows, targets = given_rows(x, row_spec, table), _targets(y, row_spec)
        if len(rows) != len(targets):
            raise DataError(f"x has {len(rows)} rows, but y has {len(targets)}")
    elif table is not None and (source := _frame("x", x)) is not None:
        from mltrain.data.tables.format import read_table  # only for tables

        rows, targets = read_table(source, table, row_spec.classes)
    else:
        columns = f", or a table that has the column '{table.targets[0]}', too" if table is not None else ""
        raise DataError(f"the targets to compare with are missing: evaluate(x, y){columns}")
    if not len(rows):
        raise DataError("x has no rows to evaluate on")
    return Split(rows, targets)


def _targets(y: Any, row_spec: RowSpec) -> npt.NDArray[Any]:
    """Targets ``(rows, outputs)``, or class numbers for classes given by name or number."""
    classes = row_spec.classes
    if classes is None:
        try:
            return np.asarray(y, np.float32).reshape(len(y), row_spec.outputs)
        except (ValueError, TypeError) as error:
            raise DataError(f"y must hold {row_spec.outputs} number{'s' * (row_spec.outputs > 1)} a row") from error
    source = _frame("y", {"y": np.asarray(y).reshape(-1) if not hasattr(y, "to_pylist") else y})
    from mltrain.data.tables.cells import as_texts

    cells = as_texts([cell for block in source.blocks() for cell in block.columns[0]]) if source else []
    texts = [cell if isinstance(cell, str) else f"{cell:g}" for cell in cells]
    numbers = {name: number for number, name in enumerate(classes)}
    if not row_spec.named or any(text not in numbers for text in texts):
        numbers = {**{str(number): number for number in range(len(classes))}, **numbers}
    for index, text in enumerate(texts):
        if text not in numbers:
            said = f"is {text!r}" if text else "is missing"
            raise DataError(f"y: row {index + 1} {said}, which is none of the classes {', '.join(classes[:8])}")
    return np.array([numbers[text] for text in texts], np.int32)
