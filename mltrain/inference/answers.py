"""A model's outputs for rows as JSON objects, in the same form for all commands that print JSON."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.inference.model import Model

_EXACT = 2**53
"""From here on, not every integer is exact as a 64-bit float."""

Given = Sequence[Sequence[float | str]]
"""Rows of input, as typed or as in a file."""


def answers(model: Model, given: Given, y: npt.NDArray[np.float32]) -> list[dict[str, Any]]:
    """An object for each row: ``x``, ``y``; for classes ``label``, and ``probabilities`` by name if the model has any.

    For rows with several positions, the values are lists. Infinity and NaN become None.
    """
    return [{**one, "x": _finite(one["x"]), "y": _finite(one["y"])} for one in unchecked_answers(model, given, y)]


def unchecked_answers(model: Model, given: Given, y: npt.NDArray[np.float32]) -> list[dict[str, Any]]:
    """The same for writers of JSON to which Infinity and NaN are null already."""
    classes = model.classes or ()
    labels = model.labels(y) if classes else None
    shares = model.probabilities(y).tolist() if classes and model.gives_probabilities else None
    found = []
    for index, (row, outputs) in enumerate(zip(given, y.tolist(), strict=True)):
        one: dict[str, Any] = {"x": row, "y": outputs}
        if labels is not None:
            one["label"] = labels[index]
        if shares is not None:
            one["probabilities"] = _named(classes, shares[index])
        found.append(one)
    return found


def number_or_text(cell: str) -> float | str:
    """A cell as a number, if it is one and, if an integer, exact as a 64-bit float; otherwise as text."""
    from mltrain.data.tables.notation import as_number  # only for tables

    number = as_number(cell)
    is_whole = cell.strip().lstrip("+-").isdecimal()
    return cell if number is None or (is_whole and abs(number) >= _EXACT) else number


def _named(classes: Sequence[str], shares: Any) -> Any:
    """The probabilities of a row by class; a list of them where a row has several positions."""
    if isinstance(shares[0], list):
        return [_named(classes, one) for one in shares]
    return dict(zip(classes, shares, strict=True))


def _finite(value: Any) -> Any:
    if isinstance(value, list | tuple):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
