"""One seed, one independent stream of random numbers per purpose.

Each purpose ("weights", "shuffle", ...) has a generator of its own, derived from the seed and the purpose's name, so
the streams are independent: drawing more numbers from one, or adding a stream, does not change the others.
"""

import math
import zlib
from typing import Literal

import numpy as np
import numpy.typing as npt

Purpose = Literal["weights", "shuffle", "dropout", "data", "split", "folds", "bootstrap", "permutation"]


def generator(seed: int, purpose: Purpose) -> np.random.Generator:
    """A generator for one purpose; the same seed and purpose give the same numbers."""
    return np.random.Generator(np.random.PCG64(np.random.SeedSequence(seed, spawn_key=(zlib.crc32(purpose.encode()),))))


def random_bits(rng: np.random.Generator, shape: tuple[int, ...]) -> npt.NDArray[np.uint16]:
    """Sixteen random bits for each number of an array of this shape; they cost a third of a random float."""
    count = math.prod(shape)
    words: npt.NDArray[np.uint64] = rng.bit_generator.random_raw(-(-count // 4))
    return words.view(np.uint16)[:count].reshape(shape)
