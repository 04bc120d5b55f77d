"""Two inputs: the outputs of the network, and of each hidden unit, at every point of the plane."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mltrain.backends.default import default_backend
from mltrain.data.base import Dataset, Split
from mltrain.engine.network import Network
from mltrain.inference.model import Model
from mltrain.runs.saved_run import SavedRun
from mltrain.views.insight.fitted_curve import Numbers
from mltrain.views.insight.rows import every_input, held_back

SIDE = 200
"""Points along each side of a map."""

_MARGIN = 0.05
"""The margin of maps around the rows, as a share of their range."""

MOST_UNITS = 64
"""The largest number of units of a layer that are shown: the first ones."""


@dataclass(frozen=True)
class Points:
    """Rows as points ``(rows, 2)``, with the class number of each or, where there are no classes, its target."""

    at: Numbers
    kind: Numbers


@dataclass(frozen=True)
class Plane:
    """The outputs of a network on a square of the plane.

    ``extent`` is left, right, bottom, top. ``field`` is ``(SIDE, SIDE)``, from bottom to top: with two classes the
    score of the second one, from 0 to 1; with more the number of the class; without classes the output.
    ``true_boundary`` is the true line between the classes, as x and y, if the dataset has one.
    """

    extent: tuple[float, float, float, float]
    field: Numbers
    classes: tuple[str, ...]
    trained_on: Points
    held_back: Points | None
    border: tuple[Numbers, Numbers] | None
    are_probabilities: bool


@dataclass(frozen=True)
class Units:
    """The maps of one hidden layer, ``(units, SIDE, SIDE)``, of the shown units; ``of`` is the number of all units."""

    layer: str
    maps: Numbers
    of: int


def has_plane(model: Model) -> bool:
    """Whether a row is a point in a plane, and the network has one prediction for it."""
    return model.row_spec.input_shape == (2,) and (model.classes is not None or model.network.output_shape == (1,))


def plane_of(record: SavedRun, network: Network | None = None, side: int = SIDE) -> Plane:
    """The plane of a run that `has_plane`, for its model or for another ``network``.

    Raises `DataError` if its rows cannot be read.
    """
    data = record.data
    extent, held = extent_of(data), held_back(data)
    across = np.linspace(extent[0], extent[1], SIDE)
    border = record.dataset.true_boundary(across)
    return Plane(
        extent,
        field_of(record.model, network or record.model.network, extent, side),
        record.model.classes or (),
        _points(data.train),
        _points(held) if held else None,
        None if border is None else (across, border),
        record.model.gives_probabilities,
    )


def extent_of(data: Dataset) -> tuple[float, float, float, float]:
    """The square around all rows: left, right, bottom, top."""
    every = every_input(data)
    low, high = every.min(axis=0), every.max(axis=0)
    centre, half = (low + high) / 2, (0.5 + _MARGIN) * (float((high - low).max()) or 1)
    x, y = (float(value) for value in centre)
    return x - half, x + half, y - half, y + half


def field_of(model: Model, network: Network, extent: tuple[float, float, float, float], side: int = SIDE) -> Numbers:
    """The field of a `Plane`, with ``side`` points in each direction."""
    outputs = replace(model, network=network).predict(grid(extent, side)).astype(np.float64)
    if outputs.shape[1] == 1 and model.classes is not None:
        # The boundary is the loss's threshold, for any range of outputs.
        return np.clip(outputs[:, 0] - model.config.loss.threshold + 0.5, 0, 1).reshape(side, side)
    if outputs.shape[1] == 1:
        return outputs.reshape(side, side)
    if outputs.shape[1] == 2 and model.gives_probabilities:
        return outputs[:, 1].reshape(side, side)
    return outputs.argmax(axis=1).astype(np.float64).reshape(side, side)


def units_of(record: SavedRun) -> Sequence[Units]:
    """The maps of every hidden layer with parameters that sees both numbers of a point."""
    model, extent = record.model, extent_of(record.data)
    found = []
    for node in model.network.nodes[:-1]:
        if not node.parameters:
            continue
        part = model.network.ending_at(node.name)
        if part.input_shape != model.network.input_shape:  # it reads one of several inputs
            continue
        outputs = default_backend().predict(part, grid(extent, SIDE), model.preprocessing.inputs).astype(np.float64)
        maps = outputs.reshape(len(outputs), -1).T[:MOST_UNITS].reshape(-1, SIDE, SIDE)
        found.append(Units(node.name, maps, int(np.prod(outputs.shape[1:]))))
    return found


def grid(extent: tuple[float, float, float, float], side: int) -> npt.NDArray[np.float32]:
    """The points of a square, row by row from bottom to top, as rows of input ``(side * side, 2)``."""
    left, right, bottom, top = extent
    x, y = np.meshgrid(np.linspace(left, right, side), np.linspace(bottom, top, side))
    return np.stack([x.ravel(), y.ravel()], axis=1).astype(np.float32)


def _points(rows: Split) -> Points:
    return Points(rows.x.astype(np.float64), rows.y.reshape(len(rows.y), -1)[:, 0].astype(np.float64))
