"""One seed, one independent stream of random numbers per purpose.

Each purpose ("weights", "shuffle", ...) has a generator of its own, derived from the seed and the purpose's name, so
that drawing more numbers for one, or adding a new one, leaves all others as they were.
"""

import math
import zlib
from typing import Literal

import numpy as np
import numpy.typing as npt

Purpose = Literal["weights", "shuffle", "dropout", "data", "split"]


class RowBits:
    """Random bits for the rows of a batch, of which this process may have only some.

    What the ``before`` and ``after`` rows of others would get is drawn and thrown away, so that every row gets the same
    bits however a batch is shared.
    """

    def __init__(self, rng: np.random.Generator, before: int = 0, after: int = 0):
        self._source, self._before, self._after = rng.bit_generator, before, after

    def draw(self, shape: tuple[int, ...]) -> npt.NDArray[np.uint16]:
        """Sixteen random bits for each number of an array ``(rows, ...)``. They cost a third of a random float."""
        rows, width = shape[0], math.prod(shape[1:])
        words = -(-width // 4)
        drawn = self._source.random_raw((self._before + rows + self._after) * words)
        own: npt.NDArray[np.uint64] = drawn[self._before * words : (self._before + rows) * words]
        return own.view(np.uint16).reshape(rows, words * 4)[:, :width].reshape(shape)


def generator(seed: int, purpose: Purpose) -> np.random.Generator:
    """A generator for one purpose; the same seed and purpose give the same numbers."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(purpose.encode()),))))
