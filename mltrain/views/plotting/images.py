"""Images: a sheet with predictions, a single image with its colour bar, weights."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from mltrain.views.plotting.style import WIDTH, Style, packed, without_axes
from mltrain.views.plotting.words import all_shortened

SHEET_COLUMNS = 8
FILTERS_A_ROW = 8
_FEW, _MOST_WRITTEN = 4, 25
"""Filters in a row that are drawn large, and the largest number of their weights that are written on them."""

_WEIGHTS_A_ROW = 10
_LABEL_SIZE, _LABEL_ROOM = 9, 0.955 * WIDTH / SHEET_COLUMNS
_LINE = 0.2
"""The height of a line of text above an image in inches."""


Image = npt.NDArray[Any]
"""Values ``(height, width)``, or colours from 0 to 1, ``(height, width, 3)``."""


class Labelled(NamedTuple):
    """An image, its prediction as text, and whether it is right."""

    image: Image
    label: str
    right: bool


def sheet_size(labels: Sequence[str], ratio: float = 1.0) -> tuple[float, float]:
    """The size in inches of a sheet of images that fill the width, with these labels above.

    ``ratio`` is that of height to width of an image.
    """
    lines = max(label.count("\n") for label in labels) + 1
    rows = math.ceil(len(labels) / SHEET_COLUMNS)
    return WIDTH, rows * (ratio * WIDTH / SHEET_COLUMNS + _LINE * lines)


def draw_sheet(figure: Figure, style: Style, samples: Sequence[Labelled], greys: str) -> None:
    """Rows of `SHEET_COLUMNS` images; wrong answers stand out in colour and with a cross.

    ``greys`` is the colour map of values.
    """
    packed(figure)
    rows = math.ceil(len(samples) / SHEET_COLUMNS)
    grid = figure.subplots(rows, SHEET_COLUMNS, squeeze=False)
    for axes in grid.flat:
        without_axes(axes)
    for axes, (image, label, right) in zip(grid.flat, samples, strict=False):
        axes.imshow(image, cmap=greys, interpolation="nearest")
        label_image(axes, style, label, right=right, room=_LABEL_ROOM)


def label_image(axes: Axes, style: Style, label: str, *, right: bool, room: float) -> None:
    """Lines of text above an image, each cut to ``room`` inches; an orange one with a cross where it is not right."""
    mark = "" if right else "× "
    words = "\n".join(all_shortened((mark + label).split("\n"), room, _LABEL_SIZE))
    axes.set_title(words, color=style.ink if right else style.orange, size=_LABEL_SIZE, loc="center", pad=3)


def draw_image(figure: Figure, style: Style, image: Image, greys: str) -> None:
    """One image with uninterpolated pixels, and the colour bar of its greys."""
    axes = figure.subplots()
    shown = axes.imshow(image, cmap=greys, interpolation="nearest")
    axes.grid(visible=False)
    axes.set(xlabel="column", ylabel="row")
    if image.ndim == 3:
        return
    bar = figure.colorbar(shown, ax=axes)
    bar.set_label("value of the pixel")
    bar.outline.set_edgecolor(style.faint)


def weights_size(count: int, across: int = _WEIGHTS_A_ROW) -> tuple[float, float]:
    """The size of the weights of so many units in inches."""
    return WIDTH, max(1.6, math.ceil(count / across) * 0.88 * WIDTH / across)


def draw_weights(
    figure: Figure, style: Style, weights: Image, largest: float | None = None, across: int = _WEIGHTS_A_ROW
) -> None:
    """The weights of each unit as an image: positive weights are blue, negative ones orange. NaN is left free.

    ``(units, height, width)``, or colours, ``(units, height, width, 3)``. ``largest`` is the weight of full colour. The
    numbers of a few small ones are written on them.
    """
    packed(figure)
    grid = figure.subplots(math.ceil(len(weights) / across), across, squeeze=False)
    largest = largest or float(np.quantile(np.abs(weights), 0.995)) or 1.0
    for axes in grid.flat:
        without_axes(axes)
    image = None
    for axes, unit in zip(grid.flat, weights, strict=False):
        image = axes.imshow(unit, cmap=style.sides, vmin=-largest, vmax=largest, interpolation="nearest")
        if across <= _FEW and unit.ndim == 2 and unit.size <= _MOST_WRITTEN:
            for (row, column), weight in np.ndenumerate(unit):
                colour = style.background if abs(weight) > 0.55 * largest else style.ink
                axes.text(column, row, f"{weight:.2g}", ha="center", va="center", color=colour)
    if image is not None and weights.ndim == 3:
        bar = figure.colorbar(image, ax=grid, shrink=0.8)
        bar.set_label("weight")
        bar.outline.set_visible(False)


def filters_across(count: int) -> int:
    """How many filters stand beside each other: a few are drawn large."""
    return max(_FEW, count) if count < FILTERS_A_ROW else FILTERS_A_ROW


def augmented_size(rows: int, ratio: float) -> tuple[float, float]:
    """The size of so many rows of images in inches; ``ratio`` is that of height to width of an image."""
    return WIDTH, rows * 0.95 * ratio * WIDTH / SHEET_COLUMNS


def draw_augmented(figure: Figure, rows: Sequence[tuple[str, Sequence[Image]]], greys: str) -> None:
    """Rows of images, each with words on its left. All values of one column are in the scale of its first image."""
    packed(figure)
    grid = figure.subplots(len(rows), SHEET_COLUMNS, squeeze=False)
    for axes in grid.flat:
        without_axes(axes)
    for line, (words, images) in zip(grid, rows, strict=True):
        line[0].set_ylabel(words, size=_LABEL_SIZE)
        for axes, image, first in zip(line, images, rows[0][1], strict=False):
            axes.imshow(image, cmap=greys, vmin=first.min(), vmax=first.max(), interpolation="nearest")
