"""The learning curves: loss, metrics and tracked parameters over the epochs."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from mltrain.engine.activations.linear import Linear
from mltrain.engine.layers.dense import Dense
from mltrain.engine.metrics.base import larger_is_better, on_validation
from mltrain.inference.model import Model
from mltrain.runs.saved_run import SavedRun
from mltrain.training.tracking import tracked_values

_DECADE = 10
"""The least ratio of the largest to the smallest value for a logarithmic scale."""


def spans_a_decade(values: Sequence[float]) -> bool:
    """Whether a logarithmic scale helps: all finite values are above 0 and span a decade."""
    finite = [value for value in values if math.isfinite(value)]
    return bool(finite) and 0 < min(finite) * _DECADE <= max(finite)


@dataclass(frozen=True)
class Measure:
    """The loss or a metric over the epochs, on the training rows and, if there are any, on the validation rows."""

    name: str
    training: Sequence[float]
    validation: Sequence[float] = ()

    @property
    def judged(self) -> Sequence[float]:
        """The values by which epochs are compared: those on the validation rows, if there are any."""
        return self.validation or self.training

    @property
    def best(self) -> int | None:
        """The index of the first of the best epochs; None if no value is finite."""
        sign = -1 if larger_is_better(self.name) else 1
        finite = [(sign * value, index) for index, value in enumerate(self.judged) if math.isfinite(value)]
        return min(finite)[1] if finite else None

    @property
    def logarithmic(self) -> bool:
        return spans_a_decade([*self.training, *self.validation])


@dataclass(frozen=True)
class LearningCurves:
    """The course of a training: the loss first, then the metrics."""

    epochs: Sequence[int]
    measures: Sequence[Measure]


@dataclass(frozen=True)
class Tracks:
    """Tracked parameters over the epochs, by label; ``truth`` has the true values that the dataset knows."""

    epochs: Sequence[int]
    values: Mapping[str, Sequence[float]]
    truth: Mapping[str, float] = field(default_factory=dict)


def learning_curves_of(record: SavedRun) -> LearningCurves | None:
    """The course of the run's history; None if the history is missing or has only one epoch."""
    history = record.history
    if len(history.get("epoch", ())) < 2 or "loss" not in history:
        return None
    names = ["loss", *(metric.type_name() for metric in record.model.config.metrics)]
    measures = [Measure(name, history[name], history.get(on_validation(name), ())) for name in names if name in history]
    return LearningCurves([int(epoch) for epoch in history["epoch"]], measures)


def tracks_of(record: SavedRun) -> Tracks | None:
    """The tracked parameters; None if there are none, or only one epoch."""
    track = record.model.config.training.track
    values = {
        label: record.history[label] for label in tracked_values(record.model.network, track) if label in record.history
    }
    if not values or len(record.history["epoch"]) < 2:
        return None
    names = track if isinstance(track, dict) else {name: name for name in track}
    known = {names[label]: label for label in values if label in names}
    truth = _true_parameters(record.model, record.dataset.true_parameters())
    return Tracks(
        [int(epoch) for epoch in record.history["epoch"]],
        values,
        {known[name]: value for name, value in truth.items() if name in known},
    )


def _true_parameters(model: Model, truth: dict[str, float]) -> dict[str, float]:
    """The true values by the names in the model, if the model is a single unit and the dataset has true values."""
    nodes = model.network.nodes
    if len(nodes) != 1 or not isinstance(nodes[0].layer, Dense) or not isinstance(nodes[0].layer.activation, Linear):
        return {}
    return {f"{nodes[0].name}.{name}": value for name, value in truth.items()}
