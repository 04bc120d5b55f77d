"""One input, one output: the rows, the truth, and what the network says to every x."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mltrain.data.base import Dataset
from mltrain.inference.model import Model
from mltrain.views.insight.fitted_curve import Curve, answers, between, curve_of, has_curve
from mltrain.views.insight.rows import MOST_POINTS
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures.base import Picture, Preview
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.plots import FittedCurve
from mltrain.views.terminal.views import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style

_POINTS = 101
"""Points of the curve on the page of a training."""


@dataclass(frozen=True)
class CurvePicture(Picture):
    name, title, order = "curve", "Data and network", 30
    over_inputs = True

    curve: Curve
    epochs: int

    @classmethod
    def suits(cls, model: Model) -> bool:
        return has_curve(model)

    @classmethod
    def of(cls, insight: RunInsight) -> Self:
        refit = insight.record.model.refit
        return cls(curve_of(insight.record), refit.epochs if refit else insight.record.epochs)

    @classmethod
    def preview(cls, model: Model, data: Dataset) -> Preview:
        return CurvePreview(model, data)

    @property
    def caption(self) -> str:
        curve = self.curve
        rows = f"{plural(len(curve.rows[0]), 'row')} (dots)"
        truth = ", the truth behind them (dashed)" if curve.truth is not None else ""
        before = " before and after training" if curve.untrained is not None else ""
        return f"{rows}{truth} and what the network says to every x{before}."

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.fitted_curve import draw_curve

        after = f"after {plural(self.epochs, 'epoch')}" if self.epochs else "the model"
        draw_curve(figure, style, self.curve, after)

    def terminal(self) -> Iterator[View]:
        curve = self.curve
        truth = [] if curve.truth is None else curve.truth.tolist()
        data = list(zip(*(values.tolist() for values in curve.rows), strict=True))
        yield FittedCurve((float(curve.x[0]), float(curve.x[-1])), curve.trained.tolist(), truth, data)


class CurvePreview:
    """The curve while it is learned."""

    def __init__(self, model: Model, data: Dataset):
        self._model, self._data, self._x = model, data, between(data, _POINTS)

    def about(self) -> dict[str, Any]:
        rows, truth = self._data.train, self._model.config.dataset.true_function(self._x)
        return {
            "kind": "curve",
            "x": self._x.tolist(),
            "points": np.column_stack([rows.x[:MOST_POINTS], rows.y[:MOST_POINTS]]).tolist(),
            "truth": None if truth is None else truth.tolist(),
        }

    def now(self) -> dict[str, Any]:
        return {"y": answers(self._model, self._model.network, self._x).tolist()}
