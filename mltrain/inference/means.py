"""The mean of what several trainings reached, and how sure it is."""

import math
from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np


class Mean(NamedTuple):
    """A mean and its standard error, which is None for a single value."""

    value: float
    error: float | None


def means_of(values: Sequence[Mapping[str, float]], independent: int) -> dict[str, Mean]:
    """The mean of each number over several trainings, by name, with its standard error.

    The error is the sample standard deviation of all values, divided by the root of ``independent``: the trainings that
    are about different rows, or have different seeds. Folds are, and their repetitions are not, because they divide the
    same rows again; so more repeats make the error steadier, not smaller.
    """
    names = dict.fromkeys(name for one in values for name in one)
    columns = {name: np.array([one.get(name, math.nan) for one in values]) for name in names}
    return {
        name: Mean(
            float(column.mean()), float(column.std(ddof=1)) / math.sqrt(independent) if len(column) > 1 else None
        )
        for name, column in columns.items()
    }
