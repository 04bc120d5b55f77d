"""Two inputs: the decision boundary with its points, and a map of every hidden unit."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from matplotlib.image import AxesImage

from mltrain.views.insight.plane import Plane, Points, Units
from mltrain.views.plotting.style import WIDTH, Style, packed, without_axes
from mltrain.views.plotting.words import all_shortened, shortened

_MARKERS = "osD^vP*X"
_LARGE_A_ROW, _MAPS_A_ROW = 8, 16
_MOST_NAMED, _NAME_ROOM = 18, 1.7
"""The largest number of classes in a legend, and the largest width of a name in inches."""

_WORDS = 0.35
"""The height of a layer's name in inches."""

_THIN = 0.75
"""The opacity of regions; points are opaque."""


def draw_plane(figure: Figure, style: Style, plane: Plane) -> None:
    """The square and, beside it, the legend of its colours and markers."""
    axes = figure.subplots()
    image = draw_square(axes, style, plane)
    if len(plane.classes) == 2:
        bar = figure.colorbar(image, ax=axes, ticks=[0, 0.5, 1], shrink=0.8, aspect=18)
        names = all_shortened(plane.classes, _NAME_ROOM, 10)
        first, second = (f"surely {name}" if plane.are_probabilities else name for name in names)
        bar.ax.set_yticklabels([first, "undecided", second])
        bar.outline.set_visible(False)
    elif not plane.classes:
        figure.colorbar(image, ax=axes, shrink=0.8, aspect=18).set_label("output")
    if len(plane.classes) > 2:
        figure.legend(loc="outside right center", handletextpad=0.2)
    else:
        figure.legend(loc="outside lower center", ncols=2, handletextpad=0.2)


def draw_square(axes: Axes, style: Style, plane: Plane) -> AxesImage:
    """The network's prediction at every point, the decision boundary, and the rows."""
    image = _draw_field(axes, style, plane)
    if len(plane.classes) == 2 and plane.field.min() < 0.5 < plane.field.max():
        axes.contour(plane.field, levels=[0.5], extent=plane.extent, colors=[style.ink], linewidths=1.4)
    if plane.border is not None:
        axes.plot(*plane.border, "--", color=style.ink, linewidth=1.6, label="true border")
    _draw_points(axes, style, plane, plane.trained_on, "trained on", filled=True)
    if plane.held_back is not None:
        _draw_points(axes, style, plane, plane.held_back, "held back", filled=False)
    left, right, bottom, top = plane.extent
    axes.set(xlim=(left, right), ylim=(bottom, top), xlabel="first input", ylabel="second input", aspect="equal")
    axes.grid(visible=False)
    return image


def _draw_field(axes: Axes, style: Style, plane: Plane) -> AxesImage:
    if len(plane.classes) > 2:
        colours = np.array([to_rgb(colour) for colour in style.classes(len(plane.classes))])
        picture = _THIN * 0.5 * colours[plane.field.astype(int)] + (1 - _THIN * 0.5) * np.array(
            to_rgb(style.background)
        )
        return axes.imshow(picture, extent=plane.extent, origin="lower")
    scale: dict[str, Any] = {"cmap": style.amount}
    if plane.classes:
        scale = {"cmap": style.sides, "vmin": 0, "vmax": 1, "alpha": _THIN}
    return axes.imshow(plane.field, extent=plane.extent, origin="lower", **scale)


def _draw_points(axes: Axes, style: Style, plane: Plane, points: Points, words: str, *, filled: bool) -> None:
    if not plane.classes:
        edges = style.ink if filled else style.orange
        axes.scatter(points.at[:, 0], points.at[:, 1], s=18, facecolors="none", edgecolors=edges, label=words)
        return
    colours = style.classes(len(plane.classes))
    for number, name in enumerate(_legend_names(plane.classes)):
        at = points.at[points.kind.astype(int) == number]
        if not len(at):
            continue
        axes.scatter(
            at[:, 0],
            at[:, 1],
            s=22,
            marker=_MARKERS[number % len(_MARKERS)],
            facecolors=colours[number] if filled else style.background,
            edgecolors=style.background if filled else colours[number],
            linewidths=0.6 if filled else 1.1,
            label=f"{name}, {words}" if len(colours) == 2 else name if name and filled else None,
            zorder=4 if filled else 3,
        )


def _legend_names(classes: Sequence[str]) -> list[str]:
    """The names of the classes in the legend, cut to fit; the last entry stands for all further classes."""
    names = all_shortened(classes, _NAME_ROOM, 10)
    if len(names) <= _MOST_NAMED:
        return names
    left = len(names) - _MOST_NAMED + 1
    return [*names[: _MOST_NAMED - 1], f"{names[_MOST_NAMED - 1]}, and {left - 1} others", *[""] * (left - 1)]


def units_size(layers: Sequence[Units]) -> tuple[float, float]:
    """The size of the maps of these layers in inches."""
    return WIDTH, sum(_block_height(units) for units in layers)


def _block_height(units: Units) -> float:
    return _rows(units) * WIDTH / _across(units) + _WORDS


def draw_units(figure: Figure, style: Style, layers: Sequence[Units]) -> None:
    """A block for each hidden layer with a small map for each unit: orange below 0, blue above."""
    packed(figure)
    blocks = figure.subfigures(len(layers), 1, squeeze=False, height_ratios=[_block_height(units) for units in layers])
    for block, units in zip(blocks[:, 0], layers, strict=True):
        shown = f"the first {len(units.maps)} of {units.of}" if len(units.maps) < units.of else str(units.of)
        name = shortened(units.layer, WIDTH / 2, 11)
        block.suptitle(f"{name}: {shown} units", x=0.0, ha="left", size=11)
        across = _across(units)
        grid = block.subplots(_rows(units), across, squeeze=False)
        for axes in grid.flat:
            without_axes(axes)
        for axes, values in zip(grid.flat, units.maps, strict=False):
            largest = float(np.abs(values).max()) or 1.0
            axes.imshow(values[::3, ::3], cmap=style.sides, vmin=-largest, vmax=largest, origin="lower")


def _across(units: Units) -> int:
    """The number of maps per row: few and large ones if two rows suffice."""
    count = len(units.maps)
    return _LARGE_A_ROW if count <= 2 * _LARGE_A_ROW else math.ceil(count / math.ceil(count / _MAPS_A_ROW))


def _rows(units: Units) -> int:
    return math.ceil(len(units.maps) / _across(units))
