"""Images: a sheet with predictions, a single image with its colour bar, weights."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from matplotlib.figure import Figure

from mltrain.views.insight.fitted_curve import Numbers
from mltrain.views.plotting.style import WIDTH, Style, packed, without_axes
from mltrain.views.plotting.words import all_shortened

SHEET_COLUMNS, SHEET_ROWS = 8, 3
MOST_WEIGHTS = 40
_WEIGHTS_A_ROW = 10
_LABEL_SIZE, _LABEL_ROOM = 9, 0.955 * WIDTH / SHEET_COLUMNS
_LINE = 0.2
"""The height of a line of text above an image in inches."""


class Labelled(NamedTuple):
    """An image ``(height, width)``, its prediction as text, and whether it is right."""

    image: npt.NDArray[Any]
    label: str
    right: bool


def sheet_size(samples: Sequence[Labelled]) -> tuple[float, float]:
    """The size of a sheet in inches: squares that fill the width, with text above."""
    lines = max(sample.label.count("\n") for sample in samples) + 1
    rows = math.ceil(len(samples) / SHEET_COLUMNS)
    return WIDTH, rows * (WIDTH / SHEET_COLUMNS + _LINE * lines)


def draw_sheet(figure: Figure, style: Style, samples: Sequence[Labelled]) -> None:
    """Up to `SHEET_COLUMNS` times `SHEET_ROWS` images; wrong answers stand out in colour and with a cross."""
    packed(figure)
    rows = math.ceil(len(samples) / SHEET_COLUMNS)
    grid = figure.subplots(rows, SHEET_COLUMNS, squeeze=False)
    for axes in grid.flat:
        without_axes(axes)
    for axes, (image, label, right) in zip(grid.flat, samples, strict=False):
        axes.imshow(image, cmap="gray_r", interpolation="nearest")
        mark = "" if right else "× "
        words = "\n".join(all_shortened((mark + label).split("\n"), _LABEL_ROOM, _LABEL_SIZE))
        axes.set_title(words, color=style.ink if right else style.orange, size=_LABEL_SIZE, loc="center", pad=3)


def draw_image(figure: Figure, style: Style, image: npt.NDArray[Any]) -> None:
    """One image with uninterpolated pixels, and the colour bar of its greys."""
    axes = figure.subplots()
    shown = axes.imshow(image, cmap="gray_r", interpolation="nearest")
    axes.grid(visible=False)
    axes.set(xlabel="column", ylabel="row")
    bar = figure.colorbar(shown, ax=axes)
    bar.set_label("value of the pixel")
    bar.outline.set_edgecolor(style.faint)


def weights_size(count: int) -> tuple[float, float]:
    """The size of the weights of ``units`` units in inches."""
    rows = math.ceil(min(count, MOST_WEIGHTS) / _WEIGHTS_A_ROW)
    return WIDTH, max(1.6, rows * 0.88 * WIDTH / _WEIGHTS_A_ROW)


def draw_weights(figure: Figure, style: Style, weights: Numbers) -> None:
    """The weights of each unit as an image: positive weights are blue, negative ones orange."""
    packed(figure)
    shown = weights[:MOST_WEIGHTS]
    grid = figure.subplots(math.ceil(len(shown) / _WEIGHTS_A_ROW), _WEIGHTS_A_ROW, squeeze=False)
    largest = float(np.quantile(np.abs(shown), 0.995)) or 1.0
    for axes in grid.flat:
        without_axes(axes)
    image = None
    for axes, unit in zip(grid.flat, shown, strict=False):
        image = axes.imshow(unit, cmap=style.sides, vmin=-largest, vmax=largest, interpolation="nearest")
    if image is not None:
        bar = figure.colorbar(image, ax=grid, shrink=0.8)
        bar.set_label("weight")
        bar.outline.set_visible(False)
