"""The rows that pictures show."""

import numpy as np
import numpy.typing as npt

from mltrain.data.base import Dataset, Split
from mltrain.runs.saved_run import HELD_OUT

MOST_POINTS = 300
"""Rows that are drawn as points on the page of a training: the first ones."""

SPLITS = {
    "train": "the rows that it was trained on",
    "validation": "the validation rows",
    "test": "the test rows",
    HELD_OUT: "the rows that folds held out",
}
"""The names of the parts of the data in messages."""


def held_back(data: Dataset) -> Split | None:
    """The rows that were not trained on; None if there are none."""
    parts = [part for part in (data.validation, data.test) if part is not None]
    return Split(*(np.concatenate(arrays) for arrays in zip(*parts, strict=True))) if parts else None


def every_input(data: Dataset) -> npt.NDArray[np.float32]:
    """The inputs of all rows."""
    return np.concatenate([part.x for part in (data.train, data.validation, data.test) if part is not None])
