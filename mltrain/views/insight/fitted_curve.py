"""One input, one output: the rows, the true function, and the network's output for every x."""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from mltrain.data.base import Dataset, Split
from mltrain.engine.network import Network
from mltrain.inference.model import Model
from mltrain.runs.saved_run import SavedRun
from mltrain.views.insight.rows import every_input, held_back

_POINTS = 401
"""Points of a drawn curve."""

_MARGIN = 0.05
"""The margin of curves on both sides of the rows, as a share of their range."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Curve:
    """A fitted curve; all arrays are ``(points,)``. ``held_back`` are rows that were not trained on, as x and y.

    ``truth`` and ``untrained`` are None if they are unknown.
    """

    rows: tuple[Numbers, Numbers]
    held_back: tuple[Numbers, Numbers] | None
    x: Numbers
    trained: Numbers
    truth: Numbers | None
    untrained: Numbers | None


def has_curve(model: Model) -> bool:
    """Whether a row is one number, and the network's output for it is one number."""
    return model.row_spec.input_shape == (1,) and model.network.output_shape == (1,) and model.classes is None


def curve_of(record: SavedRun) -> Curve:
    """The fitted curve of a run that `has_curve`. Raises `DataError` if its rows cannot be read."""
    data = record.data
    x, held = between(data), held_back(data)
    untrained, table = record.untrained, data.preprocessing.table
    origin = float(table.origins[0]) if table is not None else 0.0
    return Curve(
        _numbers(data.train, origin),
        _numbers(held, origin) if held else None,
        x + origin,
        answers(record.model, record.model.network, x),
        record.dataset.true_function(x),
        answers(record.model, untrained, x) if untrained else None,
    )


def between(data: Dataset, points: int = _POINTS) -> Numbers:
    """Evenly spaced x, from a little below to a little above all rows."""
    every = every_input(data)
    low, high = float(every.min()), float(every.max())
    beyond = _MARGIN * ((high - low) or 1)
    return np.linspace(low - beyond, high + beyond, points)


def answers(model: Model, network: Network, x: Numbers) -> Numbers:
    """The output of ``network``, the model's or one with the same shapes, for each x."""
    return replace(model, network=network).predict(x.astype(np.float32)[:, None])[:, 0].astype(np.float64)


def _numbers(rows: Split, origin: float) -> tuple[Numbers, Numbers]:
    return rows.x[:, 0].astype(np.float64) + origin, rows.y[:, 0].astype(np.float64)
