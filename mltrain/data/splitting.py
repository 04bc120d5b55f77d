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
    groups: npt.NDArray[np.int32] | None = None,
) -> Parts:
    """Split ``count`` rows at random. Each held-back part has its share of the rows, rounded to whole ones.

    With ``labels``, class numbers ``(count,)``, each part gets its share of every class, as near as whole rows allow.
    With ``groups``, group numbers ``(count,)``, all rows of a group are in one part: whole groups are held back until
    the part has its share of the rows. Raises `DataError` where a part would be empty.
    """
    validation_count, test_count = _counts(count, validation_split, test_split)
    if not validation_count + test_count:
        return _all(count)
    if groups is not None:
        return _whole_groups(groups, validation_count, test_count, rng)
    left = rng.permutation(count)
    validation, left = _take(left, validation_count, labels)
    test, left = _take(left, test_count, labels)
    return Parts(np.sort(left), np.sort(validation), np.sort(test))


def ordered_parts(count: int, validation_split: float, test_split: float) -> Parts:
    """Split rows that are in the order of time: the last ones for the test, those before them for validation.

    Raises `DataError` where a part would be empty.
    """
    validation_count, test_count = _counts(count, validation_split, test_split)
    rows, test = np.arange(count), count - test_count
    return Parts(rows[: test - validation_count], rows[test - validation_count : test], rows[test:])


def _counts(count: int, validation_split: float, test_split: float) -> tuple[int, int]:
    """How many rows are held back for validation and for the test. Raises `DataError`."""
    validation_count = _held_back(count, "validation_split", validation_split)
    test_count = _held_back(count, "test_split", test_split)
    if validation_count + test_count >= count:
        held = f"{validation_count} for validation and {test_count} for the test"
        raise DataError(f"{rows_in_words(count)} cannot be split into {held}: none is left to train on")
    return validation_count, test_count


def _all(count: int) -> Parts:
    """All rows to train on."""
    return Parts(np.arange(count), np.empty(0, np.intp), np.empty(0, np.intp))


def _whole_groups(groups: npt.NDArray[np.int32], validation_count: int, test_count: int, rng: Generator) -> Parts:
    """Groups in random order: the first for validation, the next for the test, the others to train on."""
    _, group, sizes = np.unique(groups, return_inverse=True, return_counts=True)
    order = rng.permutation(len(sizes))
    rows_before = np.cumsum(sizes[order]) - sizes[order]
    part_of = np.zeros(len(sizes), np.intp)
    validation = rows_before < validation_count
    start = int(sizes[order][validation].sum())
    part_of[order] = np.where(validation, 1, np.where(rows_before < start + test_count, 2, 0))
    parts = Parts(*(np.flatnonzero(part_of[group] == part) for part in range(3)))
    wanted = {"to train on": True, "for validation": validation_count > 0, "for the test": test_count > 0}
    for (what, is_wanted), rows in zip(wanted.items(), parts, strict=True):
        if is_wanted and not len(rows):
            raise DataError(
                f"{groups_in_words(len(sizes))} of {rows_in_words(len(groups))} cannot be split as validation_split "
                f"and test_split say: none is left {what}; lower them, or leave group out"
            )
    return parts


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


def groups_in_words(count: int) -> str:
    """A number of groups as messages write it: ``12 groups``."""
    return f"{count:,} group{'s' if count != 1 else ''}"


def rows_in_words(count: int) -> str:
    """A number of rows as messages write it: ``60,000 rows``."""
    return f"{count:,} row{'s' if count != 1 else ''}"
