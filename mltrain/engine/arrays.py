"""The few types that all of the engine speaks."""

import numpy as np
import numpy.typing as npt

Shape = tuple[int, ...]
"""The shape of one row: without the batch axis."""

MOST_DIMENSIONS = 31
"""Lengths of a row's shape: NumPy's arrays have up to 32 (before NumPy 2.0), and one is that of the rows."""

Floats = npt.NDArray[np.floating]
"""float32 while training; float64 where a gradient is checked."""

Labels = npt.NDArray[np.int32]
"""Class numbers, one a row: shape ``(rows,)``."""


def size(shape: Shape) -> int:
    """How many numbers a shape holds."""
    count = 1
    for length in shape:
        count *= length
    return count
