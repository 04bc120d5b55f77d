"""What is learned from the rows that are trained on: what fills gaps, and what the numbers are scaled by."""

from collections.abc import Collection, Sequence
from typing import Literal

import numpy as np
import numpy.typing as npt

from mltrain.data.preprocessing import Scaling
from mltrain.data.splitting import rows_in_words
from mltrain.data.tables.format import UNKNOWN, CategoryColumn, Column, NumberColumn, TableFormat
from mltrain.data.tables.survey import RawTable
from mltrain.errors import DataError

Floats = npt.NDArray[np.float32]
Filling = Literal["error", "drop", "mean", "median", "most_frequent"]

_MOST_NAMED = 10


def check_missing(table: RawTable) -> None:
    """Raises `DataError` with the count per column if any value is missing."""
    names = [column.name for column in (*table.columns, *table.target_columns)]
    absent = [np.isnan(column) for array in (table.features, table.targets) for column in array.T]
    found = [
        f"'{name}' in {rows_in_words(int(gaps.sum()))} (first in row {int(gaps.argmax()) + 1:,})"
        for name, gaps in zip(names, absent, strict=True)
        if gaps.any()
    ]
    if found:
        some = ", ".join(found[:_MOST_NAMED]) + (", ..." if len(found) > _MOST_NAMED else "")
        raise DataError(
            f"{table.source}: of {rows_in_words(len(table.features))}, values are missing in column {some}; say what "
            "to do: 'missing: mean', median or most_frequent fill them in, drop leaves such rows out"
        )


def whole_rows(table: RawTable, *, targets_only: bool = False) -> npt.NDArray[np.bool_]:
    """Which rows have no missing value (``targets_only``: in the target)."""
    whole: npt.NDArray[np.bool_] = np.logical_not(np.isnan(table.targets).any(axis=1))
    if not targets_only:
        for index in range(table.features.shape[1]):
            whole &= ~np.isnan(table.features[:, index])
    return whole


def learn_columns(table: RawTable, train: int, filling: Filling, unknown: Literal["error", "ignore"]) -> list[Column]:
    """The columns as a model keeps them: categories and what fills gaps are those of the first ``train`` rows.

    The table's codes of names become those of the categories. Raises `DataError`.
    """
    columns: list[Column] = []
    for index, column in enumerate(table.columns):
        if column.is_category:
            codes = table.features[:train, index]
            present = np.unique(codes[~np.isnan(codes)]).astype(np.intp)
            names = [list(column.names)[code] for code in present]
            _recode(table, index, names)
        fills = filling in ("mean", "median", "most_frequent")
        fill = _fill(column.name, table, index, train, bool(column.is_category), filling) if fills else None
        if column.is_category:
            text = None if fill is None else names[int(fill)]
            columns.append(CategoryColumn(name=column.name, categories=tuple(names), fill=text, unknown=unknown))
        else:
            columns.append(NumberColumn(name=column.name, fill=fill))
    return columns


def recode(table: RawTable, format_: TableFormat) -> None:
    """Turn the table's codes of names into those of a format that was learned from other rows."""
    for index, column in enumerate(format_.columns):
        if isinstance(column, CategoryColumn):
            _recode(table, index, column.categories)


def _recode(table: RawTable, index: int, categories: Sequence[str]) -> None:
    """Number the names of a column by their place among the ``categories``; `UNKNOWN` is the code of all others."""
    names = tuple(table.columns[index].names)
    if names != tuple(categories):
        codes, numbers = table.features[:, index], {name: code for code, name in enumerate(categories)}
        new = np.array([numbers.get(name, UNKNOWN) for name in names], np.float32)
        present = ~np.isnan(codes)
        codes[present] = new[codes[present].astype(np.intp)]


def _fill(name: str, table: RawTable, index: int, train: int, is_category: bool, filling: Filling) -> float:
    values = table.features[:train, index]
    values = values[~np.isnan(values)]
    if not values.size:
        raise DataError(f"{table.source}: column '{name}' is empty in all rows to train on; name it in ignore")
    if is_category or filling == "most_frequent":
        kinds, counts = np.unique(values, return_counts=True)
        return float(kinds[counts.argmax()])
    return float(np.mean(values, dtype=np.float64) if filling == "mean" else np.median(values))


def learn_scaling(x: Floats, table: TableFormat, standardized: Collection[str], min_max: Collection[str]) -> Scaling:
    """Shift and scale of each feature, from the rows ``x``; columns in neither collection, and names, stay as they are.

    standardized: mean 0 and standard deviation 1. min_max: from 0 to 1. A column that never changes becomes 0.
    """
    shifts, scales = [], []
    for column in table.columns:
        if isinstance(column, CategoryColumn):
            shifts += [0.0] * len(column.features)
            scales += [1.0] * len(column.features)
            continue
        shift, scale = 0.0, 1.0
        values = x[:, len(shifts)]
        if column.name in standardized:
            shift, scale = standard(values)
        elif column.name in min_max:
            low, high = float(values.min()), float(values.max())
            shift, scale = low, 1 / (high - low) if high > low else 1.0
        shifts.append(shift)
        scales.append(scale)
    if not any(shifts) and all(scale == 1.0 for scale in scales):
        return Scaling()
    return Scaling(shift=tuple(shifts), scale=tuple(scales))


def standard(values: Floats) -> tuple[float, float]:
    """The shift and the scale that give numbers mean 0 and standard deviation 1."""
    exact = values.astype(np.float64)
    deviation = float(exact.std())
    return float(exact.mean()), 1 / deviation if deviation > 0 else 1.0
