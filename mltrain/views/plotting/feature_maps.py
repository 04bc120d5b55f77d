"""Feature maps: one line of images for each layer."""

import math
from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mltrain.views.insight.feature_maps import FeatureMaps
from mltrain.views.insight.fitted_curve import Numbers
from mltrain.views.plotting.images import Image
from mltrain.views.plotting.style import WIDTH, Style, packed, without_axes
from mltrain.views.plotting.words import all_shortened, shortened

_A_ROW = (5, 8, 16)
"""How many maps stand side by side: as few as there is room for, so that few maps are large."""

_WORDS = 0.26
"""The height of a line of text in inches."""

_IMAGE, _LINE = 1.3, 0.22
"""The height of the image itself, and of a layer that is one line of numbers."""

_FINE, _GAP = 48, 0.06
"""Pixels that a map is drawn with at least, and the gap between two of them as a share of that."""

_MOST_NAMED, _SIZE = 12, 9


def feature_maps_size(layers: Sequence[FeatureMaps]) -> tuple[float, float]:
    """The size of the picture in inches."""
    return WIDTH, sum(_heights(layers))


def _heights(layers: Sequence[FeatureMaps]) -> list[float]:
    return [_WORDS + _IMAGE, *(_WORDS + _height(layer) for layer in layers)]


def _height(layer: FeatureMaps) -> float:
    if layer.is_line:
        return 2 * _LINE  # below the last one, there are the names of the classes
    height, width = layer.maps.shape[1:]
    return WIDTH / _across(layer) * height / width


def _across(layer: FeatureMaps) -> int:
    return next(count for count in _A_ROW if len(layer.maps) <= count)


def draw_feature_maps(
    figure: Figure, style: Style, image: Image, layers: Sequence[FeatureMaps], classes: Sequence[str], greys: str
) -> None:
    """The image, and below it the channels of each layer: blue above 0, orange below, each layer in its own scale.

    ``classes`` are the names of the last layer's numbers, where these are classes.
    """
    packed(figure, compress=False)
    panels = figure.subplots(1 + len(layers), 1, squeeze=False, height_ratios=_heights(layers))[:, 0]
    for axes in panels:
        without_axes(axes)
    panels[0].imshow(image, cmap=greys, interpolation="nearest")
    _title(panels[0], "the image")
    for axes, layer in zip(panels[1:], layers, strict=True):
        largest = float(np.abs(layer.maps).max()) or 1.0
        scale = {"cmap": style.sides, "vmin": -largest, "vmax": largest, "interpolation": "nearest"}
        if layer.is_line:
            axes.imshow(layer.maps[0], aspect="auto", **scale)
        else:
            axes.imshow(_mosaic(layer.maps, _across(layer)), **scale)
        _title(axes, layer.about)
    if layers and layers[-1].is_line and 1 < len(classes) == layers[-1].of <= _MOST_NAMED:
        names = all_shortened(classes, 0.9 * WIDTH / len(classes), _SIZE)
        panels[-1].set_xticks(range(len(classes)), names, size=_SIZE)
        panels[-1].tick_params(length=0, labelcolor=style.ink)


def _title(axes: Axes, words: str) -> None:
    axes.set_title(shortened(words, 0.95 * WIDTH, _SIZE), size=_SIZE, loc="left", pad=2)
    axes.set_anchor("W")


def _mosaic(maps: Numbers, across: int) -> Numbers:
    """Maps side by side in one image, with free room (NaN) between and behind them."""
    height, width = maps.shape[1:]
    factor = math.ceil(_FINE / max(height, width))
    gap = max(1, round(_GAP * factor * width))
    large = np.repeat(np.repeat(maps, factor, axis=1), factor, axis=2)
    tiles = np.full((across, height * factor, width * factor + gap), np.nan)
    tiles[: len(maps), :, : width * factor] = large
    return np.concatenate(tiles, axis=1)[:, :-gap]
