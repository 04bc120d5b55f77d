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


def telltales(table: RawTable, train: int) -> Iterator[str]:
    """A sentence about the columns that equal the target in the first ``train`` rows, or code it one to one."""
    names = []
    if train >= _FEWEST:
        for column in table.columns:
            if isinstance(column.reader, NameReader | NumberReader):
                codes: Numbers | Doubles = table.features[:train, column.start]
                if column.reader.origin:
                    codes = codes.astype(np.float64) + column.reader.origin
                if any(_same(codes, table.targets[:train, index]) for index in range(table.targets.shape[1])):
                    names.append(f"'{column.name}'")
    if names:
        target = ", ".join(f"'{column.name}'" for column in table.target_columns)
        yield (
            f"column {', '.join(names)} says the same as the target {target} in all rows: will new rows have it before "
            f"the target is known? If not, name it in ignore"
        )


def _same(codes: Numbers | Doubles, target: Numbers) -> bool:
    """Whether each value goes with one value of the target, and the other way round, in a sample and then in all."""
    return all(_one_to_one(codes[:count], target[:count]) for count in (_SAMPLE, len(target)))


def _one_to_one(codes: Numbers | Doubles, target: Numbers) -> bool:
    if np.array_equal(codes, target):
        return bool(target.min() < target.max())
    kinds = np.unique(target)
    if not 2 <= len(kinds) <= len(target) // 2 or len(np.unique(codes)) != len(kinds):
        return False
    return len(np.unique(np.stack([codes, target], axis=1), axis=0)) == len(kinds)
