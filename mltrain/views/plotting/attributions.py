"""What predictions depend on: images with their occlusion and saliency maps."""

from collections.abc import Sequence

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mltrain.views.insight.attributions import Attribution
from mltrain.views.insight.images import as_pixels, ratio_of
from mltrain.views.plotting.images import label_image
from mltrain.views.plotting.style import WIDTH, Style, packed, without_axes

_COLUMNS = 5
_LINE = 0.2
_KINDS = ("image", "occlusion", "gradient")
_SIZE = 9
_BELOW = 0.35
"""The opacity of an image below its occlusion map."""


def attributions_size(attributions: Sequence[Attribution]) -> tuple[float, float]:
    """The size of the picture in inches."""
    alone, ratio = len(attributions) == 1, ratio_of(attributions[0].image.x)
    lines = max(_label(one).count("\n") for one in attributions) + 1
    rows = 1 if alone else len(_KINDS)
    return WIDTH, rows * ratio * _column_room(alone=alone) + _LINE * lines


def draw_attributions(figure: Figure, style: Style, attributions: Sequence[Attribution], greys: str) -> None:
    """A column for each image: the image, its occlusion map over it, and its gradient. One alone has a line."""
    packed(figure)
    alone = len(attributions) == 1
    grid = figure.subplots(*((1, len(_KINDS)) if alone else (len(_KINDS), _COLUMNS)), squeeze=False)
    for axes in grid.flat:
        without_axes(axes)
    for one, column in zip(attributions, grid if alone else grid.T, strict=False):
        _draw(column, style, one, greys)
        label_image(column[0], style, _label(one), right=one.truth is None, room=_column_room(alone=alone))
    if alone:
        for axes, words in zip(grid[0][1:], _KINDS[1:], strict=True):
            axes.set_title(words, size=_SIZE, loc="center", pad=3)
    else:
        for axes, words in zip(grid[:, 0], _KINDS, strict=True):
            axes.set_ylabel(words, size=_SIZE)


def _column_room(*, alone: bool) -> float:
    """The width of a column in inches."""
    return 0.93 * WIDTH / (len(_KINDS) if alone else _COLUMNS)


def _draw(panels: Sequence[Axes], style: Style, one: Attribution, greys: str) -> None:
    image, occlusion, gradient = panels
    pixels = as_pixels(one.image.x)
    image.imshow(pixels, cmap=greys, interpolation="nearest")
    largest = float(np.abs(one.occlusion).max()) or 1.0
    below, colours = (pixels, greys) if pixels.ndim == 2 else (pixels.mean(axis=2), "gray")
    occlusion.imshow(below, cmap=colours, interpolation="nearest", alpha=_BELOW)
    occlusion.imshow(
        one.occlusion, cmap=style.sides, vmin=-largest, vmax=largest, interpolation="nearest", alpha=1 - _BELOW
    )
    gradient.imshow(
        one.saliency, cmap=style.amount, vmin=0, vmax=float(one.saliency.max()) or 1.0, interpolation="nearest"
    )


def _label(one: Attribution) -> str:
    truth = "" if one.truth is None else f"\nis {one.truth}"
    return f"{one.said}{truth}\n{one.image.short_name}"
