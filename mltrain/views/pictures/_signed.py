"""Arrays with signs as images on a terminal."""

import numpy as np

from mltrain.views.insight.fitted_curve import Numbers
from mltrain.views.terminal.half_blocks import GREYS, SIDES, TRUE, Colour, Pixel
from mltrain.views.terminal.plots import Labelled

_JUST_BELOW = 1e-6
"""0 is in the middle of both sides. Without colours, it is paper."""


def signed(tile: Numbers, largest: float, words: str = "") -> Labelled:
    """Values from ``-largest`` to ``largest``, orange below 0 and blue above; colours as they are."""
    if tile.ndim == 3:
        pixels: list[list[Pixel]] = [[Colour(*pixel) for pixel in row] for row in (255 * tile).astype(int).tolist()]
        return Labelled(pixels, words, TRUE)
    shares = 0.5 + 0.5 * np.nan_to_num(tile) / largest - _JUST_BELOW
    return Labelled(shares.tolist(), words, SIDES)


def amount(tile: Numbers, largest: float, words: str = "") -> Labelled:
    """Values from 0, black, to ``largest``, white."""
    return Labelled((tile / largest).tolist(), words, GREYS)
