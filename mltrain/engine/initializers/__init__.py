"""Where the first values of a parameter come from. One file is one initializer."""

from typing import ClassVar

import numpy as np
from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape, size
from mltrain.spec import Family, Spec


class Initializer(Spec):
    """An initializer's description."""

    family: ClassVar[Family] = Family("initializer", __name__)

    def values(self, shape: Shape, rng: Generator) -> Floats:
        """An array of the given shape (any float type). Raises ValueError, in words, if it cannot have that shape."""
        raise NotImplementedError


def fans(shape: Shape) -> tuple[int, int]:
    """How many numbers flow into and out of each neuron of a kernel ``(inputs, outputs)``; a vector counts as both."""
    return (size(shape[:-1]), shape[-1]) if len(shape) > 1 else (size(shape), size(shape))


def truncated_normal(shape: Shape, stddev: float, rng: Generator) -> Floats:
    """Normal numbers, drawn again until they are within two standard deviations of 0."""
    values = rng.standard_normal(shape, dtype=np.float32)
    while (outside := np.abs(values) > 2).any():
        values[outside] = rng.standard_normal(int(outside.sum()), dtype=np.float32)
    return values * np.float32(stddev)


TRUNCATED_STDDEV = 0.87962566103423978
"""Standard deviation of a unit normal cut off at two: what variance scaling divides by to get the one it asks for."""
