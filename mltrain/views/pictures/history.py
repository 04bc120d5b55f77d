"""Loss and metrics over the epochs."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mltrain.engine.metrics.base import on_validation
from mltrain.inference.ensemble import Ensemble
from mltrain.inference.model import Model
from mltrain.views.insight.learning_curves import LearningCurves, learning_curves_of
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures._wording import listed
from mltrain.views.pictures.base import Picture
from mltrain.views.terminal.loss_curve import LossCurve, LossLine
from mltrain.views.terminal.number_format import number, plural
from mltrain.views.terminal.views import Prose, Span, View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class History(Picture):
    name, title, order = "history", "How the learning went", 10
    needs_rows = False
    why_lacking = "no curves of loss and metrics: they need a history of two epochs or more, which is not there"

    curves: LearningCurves

    @classmethod
    def suits(cls, model: Model) -> bool:
        return not isinstance(model, Ensemble)  # the epochs of several networks are not kept

    @classmethod
    def of(cls, insight: RunInsight) -> Self | None:
        curves = learning_curves_of(insight.record)
        return None if curves is None else cls(curves)

    @property
    def caption(self) -> str:
        curves, loss = self.curves, self.curves.measures[0]
        names = listed([measure.name.replace("_", " ") for measure in curves.measures])
        what = "validation loss" if loss.validation else "loss"
        caption = f"{names.capitalize()} over {plural(curves.epochs[-1], 'epoch')}. "
        if loss.best is None:
            return caption + f"No {what} is a finite number."
        smallest = number(loss.judged[loss.best])
        return caption + f"The smallest {what}, {smallest}, is that of epoch {curves.epochs[loss.best]}."

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.learning_curves import learning_curves_size

        return learning_curves_size(self.curves)

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.learning_curves import draw_learning_curves

        draw_learning_curves(figure, style, self.curves)

    def terminal(self) -> Iterator[View]:
        loss, *metrics = self.curves.measures
        yield LossCurve(loss.training, loss.validation, first_epoch=self.curves.epochs[0])
        for measure in metrics:
            both = {measure.name: measure.training, on_validation(measure.name): measure.validation}
            yield LossLine({name: values for name, values in both.items() if values})
        if loss.best is not None:
            yield Prose([Span(f"best: epoch {self.curves.epochs[loss.best]}")])
