"""What a prediction depends on: occlusion and gradient, beside the image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from mltrain.inference.model import Model
from mltrain.views.insight.attributions import Attribution, attributions_of
from mltrain.views.insight.images import greys, tells_classes
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures._sheet import labelled
from mltrain.views.pictures._signed import amount, signed
from mltrain.views.pictures.base import Picture
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.plots import Images
from mltrain.views.terminal.views import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class AttributionPicture(Picture):
    name, title, order = "attributions", "What the network looks at", 160
    inside = True
    of_one_image = True

    attributions: Sequence[Attribution]
    greys: str

    @classmethod
    def suits(cls, model: Model) -> bool:
        return tells_classes(model)

    @classmethod
    def of(cls, insight: RunInsight) -> Self:
        return cls(attributions_of(insight.model, insight.to_explain), greys(insight.model))

    @property
    def caption(self) -> str:
        shown = self.attributions
        if len(shown) == 1:
            which = f"{shown[0].image.beginning}."
        elif shown[0].truth is not None:
            which = f"The surest {plural(len(shown), 'mistake')}."
        else:
            which = f"The first {plural(len(shown), 'image')}: there are no mistakes."
        return (
            f"{which} Occlusion: covering a blue part takes from the probability of the class that the network says, "
            "covering an orange part adds to it. Gradient: how much each pixel changes the score of that class."
        )

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.attributions import attributions_size

        return attributions_size(self.attributions)

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.attributions import draw_attributions

        draw_attributions(figure, style, self.attributions, self.greys)

    def terminal(self) -> Iterator[View]:
        first, *_ = self.attributions
        image, falls, slopes = first.image.x, first.occlusion, first.saliency
        yield Images(
            [
                labelled(image, first.said, float(np.max(image)) or 1.0),
                signed(falls, float(np.abs(falls).max()) or 1.0, "occlusion"),
                amount(slopes, float(slopes.max()) or 1.0, "gradient"),
            ],
            least=3,
        )
