"""Which rows are trained on and which are held back."""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from mltrain.errors import DataError

Indices = npt.NDArray[np.intp]

_ROWS = 50_000
"""Rows that are put into another order together, so that no column is in memory for a third time."""


class Parts(NamedTuple):
    """Row numbers of each part, ascending; those held back may be empty."""

    train: Indices
    validation: Indices
    test: Indices


def draw_parts(
    count: int,
    validation_split: float,
    test_split: float,
    rng: Generator,
    labels: npt.NDArray[np.int32] | None = None,
) -> Parts:
    """Split ``count`` rows at random. Each held-back part has its share of the rows, rounded to whole ones.

    With ``labels``, class numbers ``(count,)``, each part gets its share of every class, as near as whole rows allow.
    Raises `DataError` where a part would be empty.
    """
    validation_count = _held_back(count, "validation_split", validation_split)
    test_count = _held_back(count, "test_split", test_split)
    if validation_count + test_count >= count:
        held = f"{validation_count} for validation and {test_count} for the test"
        raise DataError(f"{rows_in_words(count)} cannot be split into {held}: none is left to train on")
    if not validation_count + test_count:
        return Parts(np.arange(count), np.empty(0, np.intp), np.empty(0, np.intp))
    left = rng.permutation(count)
    validation, left = _take(left, validation_count, labels)
    test, left = _take(left, test_count, labels)
    return Parts(np.sort(left), np.sort(validation), np.sort(test))


def _take(rows: Indices, wanted: int, labels: npt.NDArray[np.int32] | None) -> tuple[Indices, Indices]:
    """So many of the shuffled rows, and the others."""
    if labels is None:
        return rows[:wanted], rows[wanted:]
    by_class = rows[np.argsort(labels[rows], kind="stable")]
    _, starts, counts = np.unique(labels[by_class], return_index=True, return_counts=True)
    shares = counts * (wanted / len(rows))
    quotas = np.floor(shares).astype(np.intp)
    # The rows that rounding down has left go to the classes that it took most from; of equal ones, to the largest.
    largest = np.lexsort((-counts, quotas - shares))
    quotas[largest[: wanted - quotas.sum()]] += 1
    place_in_class = np.arange(len(rows)) - np.repeat(starts, counts)
    taken = place_in_class < np.repeat(quotas, counts)
    return by_class[taken], by_class[~taken]


def _held_back(count: int, option: str, share: float) -> int:
    held_back = round(count * share)
    if share and not held_back:
        raise DataError(f"{option} {share:g} of {rows_in_words(count)} is not a whole one; raise it or leave it out")
    return held_back


def reorder(array: npt.NDArray[Any], order: Indices) -> None:
    """Put the rows of an array into another order within its own memory: a large table needs no second copy."""
    if array.ndim == 1:
        array[...] = array[order]
        return
    for column in range(array.shape[1]):
        values = array[:, column].copy()  # from which rows are gathered twice as fast as from the whole table
        for start in range(0, len(order), _ROWS):
            array[start : start + _ROWS, column] = values[order[start : start + _ROWS]]


def rows_in_words(count: int) -> str:
    """A number of rows as messages write it: ``60,000 rows``."""
    return f"{count:,} row{'s' if count != 1 else ''}"
