"""The normal distribution's cumulative function for arrays: NumPy has no erf, and Python's takes one number at a time.

The share of a standard normal distribution above ``a >= 0`` is ``exp(-a^2 / 2)`` times a function that falls slowly
from 1/2 to 0. In ``t = (a - 4) / (a + 4)``, which maps 0 to infinity onto -1 to 1, that function is a polynomial to
within rounding: the idea of Shepherd and Laframboise 1981, https://doi.org/10.1090/S0025-5718-1981-0595058-X
"""

import math
from functools import cache
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats

_MIDDLE = 4.0
"""The a at which t is 0. Of 2, 3, 4 and 5 it needs the lowest degree."""

_FURTHEST = 12.0
"""Where the polynomial ends. The share above it is 2e-33, so that what comes after need not be precise."""

_DEGREES = {np.dtype(np.float32): 9, np.dtype(np.float64): 18}
"""Polynomial degrees that leave an error of 3e-10 and 1e-15."""

_BLOCK = 16_384
"""Numbers that are worked on at a time, so that intermediate results are small and stay in the processor's cache."""


def cumulative(x: Floats, out: Floats) -> None:
    """Write into ``out`` the share of a standard normal distribution that lies below each ``x``.

    ``out`` is another array of the same shape; both are contiguous. The error is below 2e-7 in float32 and 2e-15 in
    float64; down to -12, where the share is 2e-33, 5 and 13 digits of it are right.
    """
    coefficients = _polynomial(x.dtype)
    numbers, results = x.reshape(-1), out.reshape(-1)
    scratch = np.empty((2, min(_BLOCK, x.size)), x.dtype)
    for start in range(0, x.size, _BLOCK):
        block, above = numbers[start : start + _BLOCK], results[start : start + _BLOCK]
        distance, t = scratch[:, : block.size]
        np.abs(block, out=distance)
        np.minimum(distance, _FURTHEST, out=t)
        np.add(t, _MIDDLE, out=above)
        np.subtract(t, _MIDDLE, out=t)
        np.divide(t, above, out=t)
        above.fill(coefficients[0])
        for coefficient in coefficients[1:]:
            np.multiply(above, t, out=above)
            np.add(above, coefficient, out=above)
        np.multiply(distance, distance, out=distance)
        np.multiply(distance, -0.5, out=distance)
        np.exp(distance, out=distance)
        np.multiply(above, distance, out=above)
        # Above 0 the share below x is 1 - above; elsewhere, by symmetry, above itself.
        np.subtract(block > 0, above, out=above)
        np.abs(above, out=above)


@cache
def _polynomial(dtype: np.dtype[Any]) -> list[float]:
    """Coefficients in t, highest power first, interpolated from Python's own erfc."""
    from numpy.polynomial import Chebyshev, Polynomial

    def without_exponential(t: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        distances = _MIDDLE * (1 + t) / (1 - t)
        return np.array([math.erfc(a / math.sqrt(2)) / 2 * math.exp(a * a / 2) for a in distances])

    domain = [-1, (_FURTHEST - _MIDDLE) / (_FURTHEST + _MIDDLE)]
    series = Chebyshev.interpolate(without_exponential, _DEGREES[dtype], domain)
    return list(map(float, reversed(series.convert(kind=Polynomial).coef)))
