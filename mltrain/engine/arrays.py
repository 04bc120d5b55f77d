"""The few types that all of the engine speaks, and what it asks of them."""

from collections.abc import Callable, Mapping
from typing import Any, Literal

import numpy as np
import numpy.typing as npt

Shape = tuple[int, ...]
"""The shape of one row: without the batch axis."""

MOST_DIMENSIONS = 31
"""Lengths of a row's shape: NumPy's arrays have up to 32 (before NumPy 2.0), and one is that of the rows."""

DType = Literal["float", "int"]
"""What a value in a network holds: floats of the network's precision, or whole numbers, int32."""

Inputs = Mapping[str, tuple[Shape, DType]]
"""The inputs of a network by name: the shape of a row of each, and what it holds."""

Floats = npt.NDArray[np.floating]
"""float32 while training; float64 where a gradient is checked."""

Labels = npt.NDArray[np.int32]
"""Class numbers, one a row: shape ``(rows,)``."""

Allocator = Callable[[Shape, npt.DTypeLike], npt.NDArray[Any]]
"""What makes arrays of zeros: ``np.zeros``, or the same in memory that several processes see."""


def size(shape: Shape) -> int:
    """How many numbers a shape holds."""
    count = 1
    for length in shape:
        count *= length
    return count


SHORT_ROW = 32
"""Numbers in a row from which on NumPy is the faster row by row."""


def largest_of_rows(x: Floats) -> Floats:
    """The largest number of each row, ``(..., 1)``.

    NumPy's loop starts anew for each row, which for ten classes takes seven times as long as the numbers do; so short
    rows are compared column by column.
    """
    if x.ndim == 2 and x.shape[1] < SHORT_ROW:
        return np.maximum.reduce(x.T.copy(), axis=0)[:, None]
    return np.maximum.reduce(x, axis=-1, keepdims=True)
