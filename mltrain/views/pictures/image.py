"""One image, pixel by pixel."""

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

from mltrain.inference.model import Model
from mltrain.views.insight.answers import said
from mltrain.views.insight.images import ChosenImage, as_pixels, greys, tells_classes
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures._wording import short
from mltrain.views.pictures.base import Picture

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style


@dataclass(frozen=True)
class OneImage(Picture):
    name, title, order = "image", "One image", 120
    of_one_image = True

    image: ChosenImage
    said: str
    truth: str | None
    greys: str

    @classmethod
    def suits(cls, model: Model) -> bool:
        return tells_classes(model)

    @classmethod
    def of(cls, insight: RunInsight) -> Self:
        model, image = insight.model, insight.image
        truth = None if image.true is None else (model.classes or ())[image.true]
        return cls(image, said(model, image.x), truth, greys(model))

    @property
    def caption(self) -> str:
        says = f"the network says {short(self.said)}."
        name = self.image.beginning
        return f"{name}: {says}" if self.truth is None else f"{name}: its class is {short(self.truth)}, and {says}"

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.images import draw_image

        draw_image(figure, style, as_pixels(self.image.x), self.greys)
