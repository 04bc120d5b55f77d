"""Columns that tell the target: what equals it or codes it one to one is hardly known before the target is."""

from collections.abc import Iterator

import numpy as np
import numpy.typing as npt

from mltrain.data.columns import Doubles, NameReader
from mltrain.data.columns.number import NumberReader
from mltrain.data.tables.survey import RawTable

Numbers = npt.NDArray[np.float32]

_FEWEST = 10
"""Rows from which on agreement is no accident."""

_SAMPLE = 1000

_PRESENT = 0.8
"""The share of rows in which both have a value from which on the others do not count."""

_MOST_CLASSES = 10

_ROUNDING = 2e-3
"""How far numbers in another unit may be off, as a share of their range, because they were rounded."""


def telltales(table: RawTable, train: int) -> Iterator[str]:
    """A sentence about the columns that equal the target in the first ``train`` rows, or code it one to one."""
    names, has_gaps = [], False
    if train >= _FEWEST:
        for column in table.columns:
            if isinstance(column.reader, NameReader | NumberReader):
                codes: Numbers | Doubles = table.features[:train, column.start]
                if column.reader.origin:
                    codes = codes.astype(np.float64) + column.reader.origin
                may_scale = isinstance(column.reader, NumberReader) and len(table.columns) > 1
                if any(_same(codes, target, may_scale) for target in table.targets[:train].T):
                    names.append(f"'{column.name}'")
                    has_gaps = has_gaps or bool(np.isnan(codes).any())
    if names:
        target = ", ".join(f"'{column.name}'" for column in table.target_columns)
        rows = "all rows with both" if has_gaps else "all rows"
        yield (
            f"column {', '.join(names)} says the same as the target {target} in {rows}: "
            "will new rows have it before the target is known? If not, name it in ignore"
        )


def _same(codes: Numbers | Doubles, target: Numbers, may_scale: bool) -> bool:
    """Whether each value goes with one value of the target, and the other way round, in a sample and then in all.

    Numbers that are hardly ever the same, if they ``may_scale``, are also compared by a straight line. Rows without one
    of the two do not count, if they are few.
    """
    for count in (_SAMPLE, len(target)):
        some, goals = codes[:count], target[:count]
        present = ~(np.isnan(some) | np.isnan(goals))
        if np.count_nonzero(present) < max(_FEWEST, _PRESENT * len(present)):
            return False
        some, goals = some[present], goals[present]
        if not (_one_to_one(some, goals) or (may_scale and _in_another_unit(some, goals))):
            return False
    return True


def _one_to_one(codes: Numbers | Doubles, target: Numbers) -> bool:
    if np.array_equal(codes, target):
        return bool(target.min() < target.max())
    kinds = np.unique(target)
    if not 2 <= len(kinds) <= len(target) // 2 or len(np.unique(codes)) != len(kinds):
        return False
    return len(np.unique(np.stack([codes, target], axis=1), axis=0)) == len(kinds)


def _in_another_unit(codes: Numbers | Doubles, target: Numbers) -> bool:
    """Whether numbers are those of the target in another unit or with another sign: they lie on a straight line.

    A target that rises by the same step from row to row, as in made-up tables, lies so with each count of its rows.
    """
    kinds = np.unique(target)
    if len(kinds) <= _MOST_CLASSES or not np.ptp(codes) or np.allclose(np.diff(kinds), kinds[1] - kinds[0], rtol=1e-3):
        return False
    x, y = codes.astype(np.float64), target.astype(np.float64)
    x, y = (x - x.mean()) / np.ptp(x), (y - y.mean()) / np.ptp(y)
    return bool(np.abs(x * np.sign(x @ y) - y).max() < _ROUNDING)
