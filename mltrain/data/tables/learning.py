"""What is learned from the rows that are trained on: what fills gaps, and what the numbers are scaled by."""

from collections import Counter
from collections.abc import Collection
from typing import Literal

import numpy as np
import numpy.typing as npt

from mltrain.data.columns import LearnedColumn, Learning, NameReader
from mltrain.data.columns.category import Category
from mltrain.data.columns.index import Index
from mltrain.data.float32 import LARGEST
from mltrain.data.preprocessing import Scaling
from mltrain.data.splitting import rows_in_words
from mltrain.data.tables.format import TableFormat
from mltrain.data.tables.source import Novelties
from mltrain.data.tables.survey import RawTable
from mltrain.errors import DataError

Floats = npt.NDArray[np.float32]
Filling = Literal["error", "drop", "mean", "median", "most_frequent"]
Unknown = Literal["error", "ignore"]

SMALLEST = float(np.finfo(np.float32).tiny)

_MOST_NAMED = 10


def check_missing(table: RawTable) -> None:
    """Raises `DataError` with the count per column if any value is missing."""
    numbers = [(column.name, table.features[:, column.start]) for column in table.columns]
    numbers += [(column.name, table.targets[:, column.start]) for column in table.target_columns]
    absent = [(name, np.isnan(column)) for name, column in numbers]
    found = [
        f"'{name}' in {rows_in_words(int(gaps.sum()))} (first in row {int(gaps.argmax()) + 1:,})"
        for name, gaps in absent
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


def learn_columns(table: RawTable, train: int, gaps: Filling | None, unknown: Unknown | None) -> list[LearnedColumn]:
    """The columns as a model keeps them, as the first ``train`` rows say. Raises `DataError`."""
    columns, absent = [], table.gaps(train)
    for column in table.columns:
        codes, share = table.features[:train, column.slots], absent[column.start] / max(1, train)
        rows = Learning(column.name, column.reason, column.reader, codes, float(share), gaps, unknown)
        try:
            columns.append(column.kind.learn(rows))
        except ValueError as error:
            raise DataError(f"{table.source}: column '{column.name}' {error}") from None
    return columns


def novelties_of(table: RawTable, train: int) -> list[str]:
    """What the rows after the first ``train`` hold that these do not: names that come up later, in a sentence."""
    found = Novelties()
    for column in table.columns:
        if isinstance(column.kind, Category | Index) and isinstance(column.reader, NameReader):
            codes = table.features[:, column.start]
            known, held_back = np.unique(codes[:train]), codes[train:]
            new = held_back[~np.isnan(held_back) & ~np.isin(held_back, known)]
            names = column.reader.spelled()
            found.add(column.name, 0, Counter(names[int(code)] for code in new.tolist()))
    return found.sentences()


def learn_scaling(x: Floats, table: TableFormat, standardized: Collection[str], min_max: Collection[str]) -> Scaling:
    """Shift and scale of each feature, from the rows ``x``; others, and names, stay as they are.

    standardized: mean 0 and standard deviation 1. min_max: from 0 to 1. A column that never changes becomes 0.
    """
    shifts: list[float] = []
    scales: list[float] = []
    for column in table.columns:
        for is_number in column.scaled:
            shift, scale = 0.0, 1.0
            if is_number and column.name in standardized:
                shift, scale = standard(x[:, len(shifts)])
            elif is_number and column.name in min_max:
                values = x[:, len(shifts)]
                low, high = float(values.min()), float(values.max())
                shift, scale = low, 1 / (high - low) if high > low else 1.0
            check_scale(column.name, scale)
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


def check_scale(column: str, scale: float) -> None:
    """Raises `DataError` for a scale that float32 cannot hold."""
    if not SMALLEST <= scale <= LARGEST:
        size = "small" if scale > 1 else "large"
        raise DataError(
            f"column '{column}': its numbers differ by too {size} amounts to be scaled in 32-bit floats (the scale "
            f"would be {scale:.3g}); give it in another unit, or name it in ignore"
        )
