"""The weights of the first dense layer as images."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mltrain.inference.model import Model
from mltrain.views.insight.answers import first_weights
from mltrain.views.insight.fitted_curve import Numbers
from mltrain.views.insight.images import takes_images
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures._wording import shown_of
from mltrain.views.pictures.base import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style

_MOST = 40


@dataclass(frozen=True)
class Weights(Picture):
    name, title, order = "weights", "What the first layer looks for", 130
    inside = True
    needs_rows = False

    weights: Numbers

    @classmethod
    def suits(cls, model: Model) -> bool:
        return takes_images(model)

    @classmethod
    def of(cls, insight: RunInsight) -> Self | None:
        weights = first_weights(insight.record)
        return None if weights is None else cls(weights)

    @property
    def caption(self) -> str:
        shown = shown_of(min(len(self.weights), _MOST), len(self.weights), "unit")
        return (
            f"Weights of {shown} of the first dense layer, as images. Ink on blue raises a unit's output, ink on "
            "orange lowers it."
        )

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.images import weights_size

        return weights_size(min(len(self.weights), _MOST))

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.images import draw_weights

        draw_weights(figure, style, self.weights[:_MOST])
