"""The contract of initializers. Each file is one initializer."""

import math
from typing import ClassVar

import numpy as np
from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape, size
from mltrain.spec import Family, Spec


class Initializer(Spec):
    """An initializer's description."""

    family: ClassVar[Family] = Family("initializer", __package__)

    def values(self, shape: Shape, rng: Generator) -> Floats:
        """An array of the given shape (any float type). Raises ValueError for an impossible shape."""
        raise NotImplementedError

    @property
    def all_equal(self) -> bool:
        """Whether all values of an array are the same number."""
        return False


def fans(shape: Shape) -> tuple[int, int]:
    """How many numbers flow into and out of each neuron of a kernel ``(..., inputs, outputs)``, as Keras counts them.

    The axes before these two are those of a window, such as 3 x 3, that a convolution moves over its input: each neuron
    is reached by all positions of the window. A vector counts as both.
    """
    if len(shape) < 2:
        return size(shape), size(shape)
    *window, inputs, outputs = shape
    return size(tuple(window)) * inputs, size(tuple(window)) * outputs


def uniform_between(low: float, high: float, shape: Shape, rng: Generator) -> Floats:
    """Uniform numbers between ``low`` and ``high``."""
    return rng.random(shape, dtype=np.float32) * np.float32(high - low) + np.float32(low)


def cut_normal(stddev: float, shape: Shape, rng: Generator) -> Floats:
    """Normal numbers, drawn again until they are within two standard deviations of 0."""
    values = rng.standard_normal(shape, dtype=np.float32)
    while (outside := np.abs(values) > 2).any():
        values[outside] = rng.standard_normal(int(outside.sum()), dtype=np.float32)
    return values * np.float32(stddev)


def scaled_uniform(variance: float, shape: Shape, rng: Generator) -> Floats:
    """Uniform numbers around 0 of the given variance: within ``sqrt(3 * variance)``."""
    limit = math.sqrt(3 * variance)
    return uniform_between(-limit, limit, shape, rng)


def scaled_normal(variance: float, shape: Shape, rng: Generator) -> Floats:
    """Normal numbers around 0, cut off at two standard deviations, whose variance *after* the cut is the given one."""
    return cut_normal(math.sqrt(variance) / CUT_STDDEV, shape, rng)


CUT_STDDEV = 0.87962566103423978
"""Standard deviation of a unit normal cut off at two."""
