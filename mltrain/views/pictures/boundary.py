"""Two inputs: what the network says to every point of the plane."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mltrain.data.base import Dataset
from mltrain.inference.model import Model
from mltrain.views.insight.plane import Plane, Points, extent_of, field_of, has_plane, plane_of
from mltrain.views.insight.rows import MOST_POINTS
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.palette import class_colours
from mltrain.views.pictures._wording import few, listed
from mltrain.views.pictures.base import Picture, Preview
from mltrain.views.terminal.half_blocks import shade
from mltrain.views.terminal.plots import Mark, PlaneMap
from mltrain.views.terminal.views import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style

_SIDE = 80
"""Points along each side of the map on the page of a training."""

_MARKS = "xo+*^%&$"
"""The markers of the classes in order; they repeat if there are more classes."""


@dataclass(frozen=True)
class Boundary(Picture):
    name, title, order = "boundary", "Every point of the plane", 40
    over_inputs = True

    plane: Plane

    @classmethod
    def suits(cls, model: Model) -> bool:
        return has_plane(model)

    @classmethod
    def of(cls, insight: RunInsight) -> Self:
        return cls(plane_of(insight.record))

    @classmethod
    def preview(cls, model: Model, data: Dataset) -> Preview:
        return PlanePreview(model, data)

    @property
    def caption(self) -> str:
        plane = self.plane
        what = "What the network says to every point"
        if plane.classes:
            what = "Where the network says " + listed(few(plane.classes), "or")
        held = ", hollow ones were held back" if plane.held_back is not None else ""
        true = " Dashed: the true border." if plane.border is not None else ""
        return f"{what}. Filled points were trained on{held}.{true}"

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.style import HEIGHT, WIDTH

        return WIDTH, HEIGHT * 1.2

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.plane import draw_plane

        draw_plane(figure, style, self.plane)

    def terminal(self) -> Iterator[View]:
        plane, field = self.plane, self.plane.field
        classes = plane.classes
        if not classes:
            low, high = float(field.min()), float(field.max())
            legend, field = "ink: the upper half of the outputs; points: o", (field - low) / ((high - low) or 1)
        else:
            inks = ["blank", "ink"] if len(classes) == 2 else [shade(number) for number in range(len(classes))]
            grounds = ", ".join(
                f"{'blank' if ink == ' ' else ink}: {name}" for ink, name in zip(inks, classes, strict=True)
            )
            legend = f"{grounds}; points: {', '.join(f'{_mark(number)} {name}' for number, name in enumerate(classes))}"
        yield PlaneMap(field.tolist(), plane.extent, _marks(plane.trained_on, bool(classes)), legend, len(classes))


def _marks(points: Points, are_classes: bool) -> list[Mark]:
    kinds = points.kind.astype(int) if are_classes else np.ones(len(points.kind), int)
    return [Mark(x, y, _mark(kind)) for (x, y), kind in zip(points.at.tolist(), kinds.tolist(), strict=True)]


def _mark(kind: int) -> str:
    return _MARKS[kind % len(_MARKS)]


class PlanePreview:
    """The plane while it is learned."""

    def __init__(self, model: Model, data: Dataset):
        self._model, self._data, self._extent = model, data, extent_of(data)

    def about(self) -> dict[str, Any]:
        rows = self._data.train
        kinds = rows.y[:MOST_POINTS].reshape(min(len(rows.y), MOST_POINTS), -1)[:, 0]
        points = np.column_stack([rows.x[:MOST_POINTS], kinds]).round(3).tolist()
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
