"""A look at the rows of a dataset: what each input holds, and what would make learning or measuring meaningless."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.base import Dataset, Split
from mltrain.data.columns import kind_of
from mltrain.data.columns.number import NumberColumn
from mltrain.data.splitting import rows_in_words

BINS = 16
_MOST_NAMED = 8
_MOST_COMPARED = 500
"""Columns among which pairs of equal ones are looked for."""


class FeatureFacts(NamedTuple):
    """One column of the table, or one number of the input, over the rows to train on.

    ``kind`` is "number" or another kind of column; these have what they hold and how often in ``common``, a number its
    ``histogram``, rows in each of `BINS` ranges of equal width from ``low`` to ``high``. ``missing`` counts the gaps
    that were filled, in all rows. ``reason`` says why the column is of this kind, ``inputs`` how many it makes.
    """

    name: str
    kind: str
    missing: int = 0
    low: float = 0.0
    mean: float = 0.0
    high: float = 0.0
    deviation: float = 0.0
    histogram: Sequence[int] = ()
    common: Sequence[tuple[str, int]] = ()
    reason: str = ""
    inputs: int = 1


def describe_features(dataset: Dataset) -> list[FeatureFacts]:
    """What each column of the rows to train on holds, inputs first, then targets that are numbers."""
    x, table = dataset.train.x, dataset.preprocessing.table
    found, start = [], 0
    if table is None:
        found = [_number(f"x[{index}]" if x.shape[1] > 1 else "x", x[:, index]) for index in range(x.shape[1])]
    else:
        for column in table.columns:
            stop = start + len(column.features)
            gaps = dataset.gaps.get(column.name, 0)
            if isinstance(column, NumberColumn):
                feature = _number(column.name, x[:, start], column.origin)
            else:
                feature = FeatureFacts(column.name, kind_of(column), common=column.common(x[:, start:stop]))
            found.append(feature._replace(missing=gaps, reason=column.reason, inputs=stop - start))
            start = stop
    if dataset.row_spec.classes is None:
        y = dataset.train.y
        names = table.targets if table else ["y"] if y.shape[1] == 1 else [f"y[{index}]" for index in range(y.shape[1])]
        found += [_number(name, y[:, index]) for index, name in enumerate(names)]
    return found


def _number(name: str, values: npt.NDArray[Any], origin: float = 0.0) -> FeatureFacts:
    exact = values.astype(np.float64) + origin
    low, high = float(exact.min()), float(exact.max())
    # Without the origin, beside which bins of numbers near 2^60 would have no width.
    histogram = np.histogram(values.astype(np.float64), BINS)[0].tolist()
    return FeatureFacts(name, "number", 0, low, float(exact.mean()), high, float(exact.std()), histogram)


def class_counts(rows: Split, classes: Sequence[str] | None) -> list[int]:
    """How many rows each class has."""
    return np.bincount(rows.y, minlength=len(classes or ())).tolist()


def find_oddities(dataset: Dataset, features: Sequence[FeatureFacts]) -> list[str]:
    """A sentence for each thing that is probably wrong with the rows."""
    return [
        *dataset.warnings,
        *_constant(features),
        *_duplicated(dataset),
        *_leaking(dataset),
        *_lonely_classes(dataset),
        *_shared_rows(dataset),
    ]


def _constant(features: Sequence[FeatureFacts]) -> list[str]:
    names = [
        feature.name
        for feature in features
        if (feature.kind == "number" and feature.low == feature.high and feature.inputs == 1)
        or (feature.kind in ("category", "boolean") and sum(count > 0 for _, count in feature.common) == 1)
    ]
    return [f"the same in all rows to train on: {_listed(names)}; it teaches nothing"] if names else []


def _names(dataset: Dataset) -> list[str]:
    table = dataset.preprocessing.table
    return table.features if table else [f"x[{index}]" for index in range(dataset.train.x.shape[1])]


def _duplicated(dataset: Dataset) -> list[str]:
    x = dataset.train.x
    if x.ndim != 2 or not 1 < x.shape[1] <= _MOST_COMPARED:
        return []
    names, seen, found = _names(dataset), dict[bytes, int](), []
    for index in range(x.shape[1]):
        column = np.ascontiguousarray(x[:, index])
        first = seen.setdefault(column.tobytes(), index)
        if first != index and column.min() < column.max():
            found.append(f"column {names[index]} is the same as {names[first]} in all rows; one of them is enough")
    return found


def _leaking(dataset: Dataset) -> list[str]:
    x, y = dataset.train.x, dataset.train.y
    if x.ndim != 2 or x.shape[1] > _MOST_COMPARED or len(x) < 3 or dataset.preprocessing.table is not None:
        return []  # of tables, the dataset's own notes say more
    target = y if y.ndim == 1 else y[:, 0]
    same = [name for name, column in zip(_names(dataset), x.T, strict=True) if (column == target).all()]
    why = "then there is nothing to learn, and new rows will not have it"
    return (
        [f"input {_listed(same)} equals the target in all rows; {why}"] if same and target.min() < target.max() else []
    )


def _lonely_classes(dataset: Dataset) -> list[str]:
    classes = dataset.row_spec.classes
    if classes is None:
        return []
    parts = [part for part in (dataset.train, dataset.validation, dataset.test) if part is not None]
    counts = np.sum([class_counts(part, classes) for part in parts], axis=0)
    lonely = [name for name, count in zip(classes, counts, strict=True) if count == 1]
    return [f"only one row is of class {_listed(lonely)}: it can be learned or tested, not both"] if lonely else []


def _shared_rows(dataset: Dataset) -> list[str]:
    known = {row.tobytes() for row in dataset.train.x}
    found = []
    for name, part in (("validation", dataset.validation), ("test", dataset.test)):
        shared = sum(row.tobytes() in known for row in part.x) if part is not None else 0
        if shared:
            total = rows_in_words(len(part.x)) if part is not None else ""
            found.append(f"{shared:,} of the {total} for {name} are among the rows to train on, too")
    return found


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:_MOST_NAMED]) + (", ..." if len(names) > _MOST_NAMED else "")
