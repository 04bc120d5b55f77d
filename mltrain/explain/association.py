"""Which columns go together: explanations share out between such columns what belongs to both.

A number between 0 and 1 for each pair: Spearman's rank correlation of two numbers; Cramér's V of two columns of names
(https://doi.org/10.1016/j.jkss.2012.10.002); for a number and names, the root of the share of the ranks' variance that
the names explain. The last two are corrected for chance, so that many names in few rows are not associated with
everything.
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.explain.columns import ColumnInputs

THRESHOLD = 0.7
"""From here on two columns are called correlated: each says about half of the other."""

_MOST_ROWS = 2000
_MOST_COLUMNS, _MOST_OF_NAMES = 2000, 50
"""Columns that are compared with each other, at most: the first ones, and the first ones of names."""

Doubles = npt.NDArray[np.float64]


class Pair(NamedTuple):
    """Two columns, and how closely they go together, from 0 to 1."""

    first: str
    second: str
    strength: float


def correlated_pairs(x: Floats, columns: Sequence[ColumnInputs], threshold: float = THRESHOLD) -> list[Pair]:
    """The pairs of columns that go together by ``threshold`` or more, the closest first, by the first rows of ``x``."""
    x, columns = x[:_MOST_ROWS], columns[:_MOST_COLUMNS]
    seen = [(column.name, column.is_number, column.codes(x)) for column in columns]
    # A column of names that differ in almost every row says everything, by chance.
    kept = [one for one in seen if 1 < len(np.unique(one[2])) <= len(x) / (1 if one[1] else 2)]
    numbers = [(name, codes) for name, is_number, codes in kept if is_number]
    names = [one for one in kept if not one[1]][:_MOST_OF_NAMES]
    pairs = _numbers_that_go_together(numbers, threshold)
    for place, (name, _, codes) in enumerate(names):
        pairs += [Pair(other, name, association(values, codes, True, False)) for other, values in numbers]
        pairs += [Pair(name, other[0], association(codes, other[2], False, False)) for other in names[place + 1 :]]
    position = {name: place for place, (name, *_) in enumerate(kept)}
    ordered = [one if position[one.first] < position[one.second] else Pair(one[1], one[0], one[2]) for one in pairs]
    close = (pair for pair in ordered if pair.strength >= threshold)
    return sorted(close, key=lambda pair: (-pair.strength, position[pair.first], position[pair.second]))


def _numbers_that_go_together(numbers: Sequence[tuple[str, Doubles]], threshold: float) -> list[Pair]:
    """The pairs of columns of numbers whose rank correlation is ``threshold`` or more: one matrix product for all."""
    if not numbers:
        return []
    ranked = np.stack([ranks(values) for _, values in numbers], axis=1)
    ranked -= ranked.mean(axis=0)
    ranked /= np.sqrt((ranked**2).sum(axis=0))
    strengths = np.minimum(1.0, np.abs(np.triu(ranked.T @ ranked, 1)))
    return [Pair(numbers[i][0], numbers[j][0], float(strengths[i, j])) for i, j in np.argwhere(strengths >= threshold)]


def correlated_groups(columns: Sequence[ColumnInputs], pairs: Sequence[Pair]) -> list[list[ColumnInputs]]:
    """All columns, those together that a chain of pairs connects, in the order of the columns."""
    group = {column.name: {column.name} for column in columns}
    for first, second, _ in pairs:
        joined = group[first] | group[second]
        for name in joined:
            group[name] = joined
    found: list[list[ColumnInputs]] = []
    done: set[str] = set()
    for column in columns:
        if column.name not in done:
            found.append([one for one in columns if one.name in group[column.name]])
            done |= group[column.name]
    return found


def association(one: Doubles, other: Doubles, one_is_number: bool, other_is_number: bool) -> float:
    """How closely two columns go together, from 0 to 1; see this module. Names are given as numbers of them."""
    if one_is_number and other_is_number:
        return abs(_correlation(ranks(one), ranks(other)))
    if not one_is_number and not other_is_number:
        return _cramers_v(one, other)
    return _correlation_ratio(ranks(one), other) if one_is_number else _correlation_ratio(ranks(other), one)


def ranks(values: Doubles) -> Doubles:
    """The rank of each value; equal values share the mean of their ranks."""
    _, inverse, counts = np.unique(values, return_inverse=True, return_counts=True)
    ends = np.cumsum(counts)
    found: Doubles = (ends - (counts - 1) / 2)[inverse.reshape(-1)]
    return found


def _correlation(one: Doubles, other: Doubles) -> float:
    one, other = one - one.mean(), other - other.mean()
    size = np.sqrt((one @ one) * (other @ other))
    return float(one @ other / size) if size else 0.0


def _correlation_ratio(values: Doubles, names: Doubles) -> float:
    _, place = np.unique(names, return_inverse=True)
    place = place.reshape(-1)
    counts = np.bincount(place)
    within = values - (np.bincount(place, values) / counts)[place]
    total = values - values.mean()
    rows, kinds = len(values), len(counts)
    if rows <= kinds or not total @ total:
        return 0.0
    unexplained = (within @ within) / (total @ total) * (rows - 1) / (rows - kinds)
    return float(np.sqrt(max(0.0, 1 - unexplained)))


def _cramers_v(one: Doubles, other: Doubles) -> float:
    places = [np.unique(names, return_inverse=True)[1].reshape(-1) for names in (one, other)]
    table = np.zeros([place.max() + 1 for place in places])
    np.add.at(table, tuple(places), 1)
    rows, (height, width) = len(one), table.shape
    expected = np.outer(table.sum(axis=1), table.sum(axis=0)) / rows
    phi = ((table - expected) ** 2 / expected).sum() / rows
    corrected = max(0.0, phi - (height - 1) * (width - 1) / (rows - 1))
    height, width = (side - (side - 1) ** 2 / (rows - 1) for side in (height, width))
    least = min(height, width) - 1
    return float(min(1.0, np.sqrt(corrected / least))) if least > 0 else 0.0
