"""What the page shows beside the curves: what the network says now. One class is one kind of model."""

from typing import Any, Protocol

import numpy as np

from mltrain.data.base import Dataset
from mltrain.engine.metrics.base import predicted_classes, true_classes
from mltrain.inference.model import Model
from mltrain.job import TrainingJob, split_to_evaluate
from mltrain.training.targets import encode
from mltrain.views.insight.answers import are_images
from mltrain.views.insight.fitted_curve import answers, between, has_curve
from mltrain.views.insight.plane import extent_of, field_of, has_plane
from mltrain.views.palette import class_colours

_SIDE, _POINTS, _SAMPLES = 80, 101, 12
_MOST_ROWS = 300
"""Rows that are drawn as points: the first ones."""


class Preview(Protocol):
    """Something to look at: what stays the same, and what changes while the network learns. Both become JSON."""

    def about(self) -> dict[str, Any]: ...

    def now(self) -> dict[str, Any]: ...


def preview_of(job: TrainingJob) -> Preview | None:
    """The preview that suits a job; None if there are only curves to show."""
    model = job.model([])
    if has_plane(model):
        return PlanePreview(model, job.dataset)
    if has_curve(model):
        return CurvePreview(model, job.dataset)
    if model.classes is not None and are_images(model.row_spec.input_shape) and len(model.network.output_shape) == 1:
        return SamplesPreview(model, job.dataset)
    return None


class PlanePreview:
    """The plane of two inputs."""

    def __init__(self, model: Model, data: Dataset):
        self._model, self._data, self._extent = model, data, extent_of(data)

    def about(self) -> dict[str, Any]:
        rows = self._data.train
        kinds = rows.y[:_MOST_ROWS].reshape(min(len(rows.y), _MOST_ROWS), -1)[:, 0]
        points = np.column_stack([rows.x[:_MOST_ROWS], kinds]).round(3).tolist()
        classes = self._model.classes or ()
        colours = class_colours(len(classes)) if classes else ["ink"]
        return {"kind": "plane", "extent": self._extent, "points": points, "classes": classes, "colours": colours}

    def now(self) -> dict[str, Any]:
        field = field_of(self._model, self._model.network, self._extent, _SIDE)
        if self._model.classes is None:
            field = (field - field.min()) / (float(np.ptp(field)) or 1)
        # From 0 to 255 between two sides, or the numbers of three classes and more.
        whole = field if len(self._model.classes or ()) > 2 else 255 * field
        return {"field": whole.astype(int).ravel().tolist()}


class CurvePreview:
    """The curve of one input and one output."""

    def __init__(self, model: Model, data: Dataset):
        self._model, self._data, self._x = model, data, between(data, _POINTS)

    def about(self) -> dict[str, Any]:
        rows, truth = self._data.train, self._model.config.dataset.true_function(self._x)
        return {
            "kind": "curve",
            "x": self._x.tolist(),
            "points": np.column_stack([rows.x[:_MOST_ROWS], rows.y[:_MOST_ROWS]]).tolist(),
            "truth": None if truth is None else truth.tolist(),
        }

    def now(self) -> dict[str, Any]:
        return {"y": answers(self._model, self._model.network, self._x).tolist()}


class SamplesPreview:
    """Some images that the network does not learn from, if there are such, and what it says about them."""

    def __init__(self, model: Model, data: Dataset):
        _, rows = split_to_evaluate(data)
        self._model, self._rows = model, type(rows)(rows.x[:_SAMPLES], rows.y[:_SAMPLES])

    def about(self) -> dict[str, Any]:
        images = self._rows.x.astype(np.float64)
        ink = (255 * images / (images.max() or 1)).astype(int)
        target = encode(self._model.config.loss, self._model.row_spec, self._model.network.output_shape[-1], self._rows)
        names = self._model.classes or ()
        return {
            "kind": "samples",
            "shape": self._model.row_spec.input_shape,
            "images": ink.reshape(len(ink), -1).tolist(),
            "true": [names[number] for number in true_classes(target)],
        }

    def now(self) -> dict[str, Any]:
        y = self._model.predict(self._rows.x)
        names = self._model.classes or ()
        return {"said": [names[number] for number in predicted_classes(y, self._model.config.loss.threshold)]}
