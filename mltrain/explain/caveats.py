"""Where an explanation misleads, in a sentence each."""

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from mltrain.data.base import Split
from mltrain.engine.arrays import Floats
from mltrain.engine.metrics.base import true_classes
from mltrain.explain.association import Pair
from mltrain.explain.columns import ColumnInputs
from mltrain.inference.scores import Predictions

_MOST_NAMED = 4
_BETTER = 0.999
"""A squared error that is a smaller share of the mean's counts as better; a network that gives the mean has 1."""

_FEWEST = 3
"""Rows from which on a model is compared with their mean."""


def says_nothing(found: Predictions, seen: Split) -> str | None:
    """A sentence about a model that is no better on some rows than the majority, or the mean, of the rows ``seen``."""
    model, rows = found.model, found.rows
    if model.classes is not None:
        truth, before = (true_classes(model.target(part)).ravel() for part in (rows, seen))
        majority = int(np.bincount(before, minlength=len(model.classes)).argmax())
        share, right = float((truth == majority).mean()), float(found.is_right.mean())
        if right > share:
            return None
        return (
            f"the model is right on {right:.1%} of these rows, and who always says '{model.classes[majority]}' is on "
            f"{share:.1%}: an explanation of this model says nothing about the data"
        )
    y, numbers = (values.reshape(len(found), -1).astype(np.float64) for values in (found.outputs, rows.y))
    if numbers.shape != y.shape or len(numbers) < _FEWEST:
        return None
    mean = seen.y.reshape(len(seen.y), -1).mean(axis=0, dtype=np.float64)
    own, of_mean = (float(((values - numbers) ** 2).mean()) for values in (y, mean))
    if own < _BETTER * of_mean:
        return None
    return (
        "the predictions for these rows are no better than the mean of the training rows would be: an explanation of "
        "this model says nothing about the data"
    )


def shared_credit(pairs: Sequence[Pair], *, together: bool) -> str | None:
    """A sentence about columns that go together; ``together`` says that they were shuffled together."""
    if not pairs or together:
        return None
    return (
        f"some columns are correlated ({_named(pairs)}): each stands in for the other when one is shuffled, so both "
        "look less important than they are, and shuffled rows may be like none in the data; mltrain why --together "
        "shuffles them as one"
    )


def entangled(pairs: Sequence[Pair]) -> str | None:
    """A sentence about columns that go together, for what columns add to a prediction."""
    if not pairs:
        return None
    return (
        f"some columns are correlated ({_named(pairs)}): they share out what they add among them, so their sum "
        "says more than each alone"
    )


def _named(pairs: Sequence[Pair]) -> str:
    named = "; ".join(f"{pair.first} and {pair.second} {pair.strength:.2f}" for pair in pairs[:_MOST_NAMED])
    return named + (f"; and {len(pairs) - _MOST_NAMED} more pairs" if len(pairs) > _MOST_NAMED else "")


def outside(columns: Sequence[ColumnInputs], row: Floats, seen: Floats) -> list[str]:
    """A sentence for each number of a row that lies outside of what the rows ``seen`` have."""
    found = []
    for column in columns:
        if not column.is_number:
            continue
        place = column.inputs[0]
        low, high = seen[:, place].min(), seen[:, place].max()
        if not low <= row[place] <= high:
            (value, least, most) = column.cells(_with_values(row, place, [row[place], low, high]))
            found.append(
                f"{column.name} is {value:g}, and the model learned from {least:g} to {most:g}: what it says outside "
                "of that is a guess, and so is the explanation"
            )
    return found


def share_outside(columns: Sequence[ColumnInputs], x: Floats, seen: Floats) -> str | None:
    """A sentence about rows that have a number outside of what the rows ``seen`` have; None if there are none."""
    places = [column.inputs[0] for column in columns if column.is_number]
    low, high = seen[:, places].min(axis=0), seen[:, places].max(axis=0)
    strange = (x[:, places] < low) | (x[:, places] > high)
    rows = int(strange.any(axis=1).sum()) if places else 0
    if not rows:
        return None
    names = [column.name for column in columns if column.is_number]
    which = [names[place] for place in np.flatnonzero(strange.any(axis=0))[:_MOST_NAMED]]
    verb = "has" if rows == 1 else "have"
    return (
        f"{rows:,} of the {len(x):,} rows {verb} a number outside of what the model learned from ({', '.join(which)}): "
        "what it says of them is a guess"
    )


def _with_values(row: Floats, place: npt.NDArray[np.intp] | int, values: Sequence[float]) -> Floats:
    rows = np.repeat(row[None], len(values), axis=0)
    rows[:, place] = values
    return rows
