"""Which rows each fold of a cross-validation holds out."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt
from numpy.random import Generator

from mltrain.data.splitting import Indices, groups_in_words, rows_in_words
from mltrain.errors import DataError

Labels = npt.NDArray[np.int32]


def random_folds(
    rows: Indices, folds: int, rng: Generator, labels: Labels | None = None, classes: Sequence[str] = ()
) -> list[Indices]:
    """The ``rows`` in so many folds of equal size, at random; every row is in one of them.

    With ``labels``, class numbers of all rows, each fold has its share of every class. Raises `DataError` if there are
    fewer rows, or fewer rows of one of the ``classes``, than folds.
    """
    _check_count(len(rows), folds)
    shuffled = rng.permutation(rows)
    if labels is not None:
        counts = np.bincount(labels[rows])
        for number in np.flatnonzero((counts > 0) & (counts < folds)).tolist():
            name = classes[number] if number < len(classes) else number
            has = f"class '{name}' has {rows_in_words(counts[number])}"
            fewer = f"ask for {counts[number]} folds at most" if counts[number] > 1 else "leave that row out"
            raise DataError(f"--folds {folds}: {has}, so not every fold would have one; {fewer}")
    return _dealt(shuffled, folds, labels)


def dealt_folds(count: int, folds: int, rng: Generator, labels: Labels | None = None) -> list[Indices]:
    """As `random_folds`, of ``count`` rows, of which a class may have fewer than there are folds."""
    return _dealt(rng.permutation(count), folds, labels)


def _dealt(shuffled: Indices, folds: int, labels: Labels | None) -> list[Indices]:
    """Rows are dealt out like cards, class after class: the folds' shares of a class differ by one row at most."""
    if labels is not None:
        shuffled = shuffled[np.argsort(labels[shuffled], kind="stable")]
    return [np.sort(shuffled[fold::folds]) for fold in range(folds)]


def group_folds(
    rows: Indices, folds: int, rng: Generator, groups: Labels, labels: Labels | None = None
) -> list[Indices]:
    """The ``rows`` in so many folds; all rows of a group are in one of them.

    Groups go one by one, the largest first, to the fold that has the fewest rows and the least of their classes.
    Raises `DataError` if there are fewer groups than folds.
    """
    _check_count(len(rows), folds)
    names, group = np.unique(groups[rows], return_inverse=True)
    if len(names) < folds:
        has = f"the rows are of {groups_in_words(len(names))}"
        raise DataError(f"--folds {folds}: {has}, and a group cannot be divided; ask for fewer folds")
    kinds = np.zeros(len(rows), np.intp) if labels is None else np.unique(labels[rows], return_inverse=True)[1]
    counts = np.zeros((len(names), int(kinds.max()) + 2))
    np.add.at(counts, (group, kinds), 1)
    counts[:, -1] = np.bincount(group)
    shares = counts / counts.sum(axis=0)
    order = rng.permutation(len(names))
    order = order[np.argsort(-counts[order, -1], kind="stable")]
    held, fold_of = np.zeros((folds, shares.shape[1])), np.zeros(len(names), np.intp)
    for place, name in enumerate(order):
        cost, is_empty = held @ shares[name], held[:, -1] == 0
        if len(order) - place <= np.count_nonzero(is_empty):  # every group that is left is the first of a fold
            cost[~is_empty] = np.inf
        fold_of[name] = cost.argmin()
        held[fold_of[name]] += shares[name]
    return [rows[fold_of[group] == fold] for fold in range(folds)]


def ordered_folds(rows: Indices, folds: int) -> list[tuple[Indices, Indices]]:
    """For rows in the order of time: what each fold trains on, and the stretch after it that it holds out.

    The rows are cut into one more stretch than folds; each fold trains on all that came before what it holds out, as
    scikit-learn's ``TimeSeriesSplit``. Raises `DataError` if there are too few rows.
    """
    _check_count(len(rows), folds + 1, folds, ", in time order,")
    length = len(rows) // (folds + 1)
    starts = [len(rows) - length * (folds - fold) for fold in range(folds)]
    return [(rows[:start], rows[start : start + length]) for start in starts]


def _check_count(rows: int, least: int, folds: int | None = None, how: str = "") -> None:
    if rows < least:
        raise DataError(f"--folds {folds or least}: so many folds{how} take {least} rows or more; there are {rows:,}")
