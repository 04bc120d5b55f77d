"""What each layer makes of one image."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from mltrain.inference.model import Model
from mltrain.views.insight.answers import said
from mltrain.views.insight.feature_maps import FeatureMaps, feature_maps_of, has_feature_maps
from mltrain.views.insight.images import ChosenImage, as_pixels, greys, tells_classes
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures._sheet import labelled
from mltrain.views.pictures._signed import amount, signed
from mltrain.views.pictures._wording import short
from mltrain.views.pictures.base import Picture
from mltrain.views.terminal.plots import Images
from mltrain.views.terminal.views import FAINT, Prose, Span, View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style

_IN_A_LINE, _MOST_IN_TEXT = 4, 8


@dataclass(frozen=True)
class MapPicture(Picture):
    name, title, order = "maps", "One image, layer by layer", 150
    inside = True
    of_one_image = True
    why_lacking = "no feature maps: no layer of the network makes images, as convolution and pooling do"

    image: ChosenImage
    layers: Sequence[FeatureMaps]
    classes: tuple[str, ...]
    said: str | None
    greys: str

    @classmethod
    def suits(cls, model: Model) -> bool:
        return has_feature_maps(model)

    @classmethod
    def of(cls, insight: RunInsight) -> Self:
        model, image = insight.model, insight.image
        words = said(model, image.x) if tells_classes(model) else None
        return cls(image, feature_maps_of(model, image.x), model.classes or (), words, greys(model))

    @property
    def caption(self) -> str:
        says = f" The network says {short(self.said)}." if self.said is not None else ""
        return f"{self.image.beginning}, and what each layer makes of it: blue is above 0, orange below.{says}"

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.feature_maps import feature_maps_size

        return feature_maps_size(self.layers)

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.feature_maps import draw_feature_maps

        draw_feature_maps(figure, style, as_pixels(self.image.x), self.layers, self.classes, self.greys)

    def terminal(self) -> Iterator[View]:
        says = f": {self.said}" if self.said is not None else ""
        yield Prose([Span(f"{self.image.name}{says}")])
        yield Images([labelled(self.image.x, "", float(np.max(self.image.x)) or 1.0)], least=_IN_A_LINE)
        for layer in self.layers:
            yield Prose([Span(layer.about, FAINT)])
            largest = float(np.abs(layer.maps).max()) or 1.0
            draw = amount if layer.maps.min() >= 0 else signed
            tiles = layer.maps[:_MOST_IN_TEXT]
            if layer.is_line:
                tiles = np.repeat(tiles, 2, axis=1)
            yield Images([draw(tile, largest) for tile in tiles], least=1 if layer.is_line else _IN_A_LINE)
