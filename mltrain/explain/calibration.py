"""Calibration: whether of the answers that a classifier is 80% sure of, 80% are right; and the temperature that helps.

Guo et al. 2017, https://arxiv.org/abs/1706.04599
"""

import math
from dataclasses import dataclass, replace

import msgspec
import numpy as np
import numpy.typing as npt

from mltrain.data.base import Split
from mltrain.engine.class_scores import Counts
from mltrain.errors import DataError
from mltrain.inference.model import Model
from mltrain.inference.scores import Predictions, score
from mltrain.inference.temperature import with_temperature

BINS = 10

COOLEST, HOTTEST = 0.05, 20.0
"""Temperatures that are looked at. Where the best of them is at an end, the rows do not say which is right."""

Numbers = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Calibration:
    """Calibration: rows binned by confidence. Of the rows with a confidence of 80%, 80% should be right.

    ``confidence`` and ``right`` are the means of each non-empty bin; ``counts`` are the bins' sizes. ``edges`` are
    those of all bins. ``error`` is the expected calibration error: the mean distance of ``confidence`` and ``right``,
    weighted by rows.
    """

    edges: Numbers
    counts: Counts
    confidence: Numbers
    right: Numbers
    error: float


def calibration(confidence: Numbers, is_right: npt.NDArray[np.bool_], classes: int) -> Calibration:
    """Ten bins from the lowest possible confidence, one of ``classes``, to 1; both arrays are ``(rows,)``."""
    edges = np.linspace(1 / classes, 1, BINS + 1)
    place = np.clip(np.digitize(confidence, edges) - 1, 0, BINS - 1)
    counts = np.bincount(place, minlength=BINS)
    filled = counts > 0
    mean, share = (
        np.bincount(place, values, BINS)[filled] / counts[filled] for values in (confidence, is_right.astype(float))
    )
    error = float(np.average(np.abs(mean - share), weights=counts[filled]))
    return Calibration(edges, counts, mean, share, error)


def calibration_of(found: Predictions) -> Calibration:
    """The calibration of a model that gives probabilities. Raises `DataError` for another one."""
    shares = found.model.probabilities(found.outputs)
    confidence = shares.reshape(-1, shares.shape[-1]).max(axis=1).astype(np.float64)
    return calibration(confidence, found.is_right, shares.shape[-1])


def best_temperature(model: Model, rows: Split) -> float:
    """The temperature at which the cross-entropy of the rows is the smallest: a golden-section search.

    Raises `DataError` if the rows do not say which that is, and for models that have no temperature.
    """
    ratio = (math.sqrt(5) - 1) / 2

    model = _without_smoothing(model)

    def loss(log: float) -> float:
        changed = with_temperature(model, math.exp(log))
        return score(Predictions(changed, rows), ()).loss - changed.penalty

    low, high = ends = math.log(COOLEST), math.log(HOTTEST)
    inner = [high - ratio * (high - low), low + ratio * (high - low)]
    losses = [loss(log) for log in inner]
    while high - low > 1e-4:
        if losses[0] <= losses[1]:
            high, inner[1], losses[1] = inner[1], inner[0], losses[0]
            inner[0] = high - ratio * (high - low)
            losses[0] = loss(inner[0])
        else:
            low, inner[0], losses[0] = inner[0], inner[1], losses[1]
            inner[1] = low + ratio * (high - low)
            losses[1] = loss(inner[1])
    found = (low + high) / 2
    if min(found - ends[0], ends[1] - found) < 0.01:
        which = "all of them are predicted right" if found < 0 else "its probabilities say nothing of their classes"
        raise DataError(f"no temperature fits these {len(rows.x):,} rows: {which}; --data takes others")
    return math.exp(found)


def _without_smoothing(model: Model) -> Model:
    """The model with a loss whose minimum are the true shares; a smoothed one asks for answers that are less sure."""
    if not getattr(model.config.loss, "label_smoothing", 0):
        return model
    plain = msgspec.structs.replace(model.config.loss, label_smoothing=0.0)
    return replace(model, config=msgspec.structs.replace(model.config, loss=plain))
