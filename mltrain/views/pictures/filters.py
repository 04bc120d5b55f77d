"""The kernels of the first convolution."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self

import numpy as np

from mltrain.data.base import Dataset
from mltrain.inference.model import Model
from mltrain.views.insight.filters import Filters, filters_of
from mltrain.views.insight.images import in_ink, takes_images
from mltrain.views.insight.run_insight import RunInsight
from mltrain.views.pictures._signed import signed
from mltrain.views.pictures._wording import shown_of
from mltrain.views.pictures.base import Picture, Preview
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.plots import Images
from mltrain.views.terminal.views import View

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from mltrain.views.plotting.style import Style

_MOST, _MOST_IN_A_LINE = 64, 8


@dataclass(frozen=True)
class FilterPicture(Picture):
    name, title, order = "filters", "The patterns of the first convolution", 140
    inside = True
    needs_rows = False

    filters: Filters
    in_ink: bool

    @classmethod
    def suits(cls, model: Model) -> bool:
        return takes_images(model) and filters_of(model.network) is not None

    @classmethod
    def of(cls, insight: RunInsight) -> Self | None:
        filters = filters_of(insight.model.network)
        return None if filters is None else cls(filters, in_ink(insight.model))

    @classmethod
    def preview(cls, model: Model, data: Dataset) -> Preview:
        return FilterPreview(model)

    @property
    def caption(self) -> str:
        filters = self.filters
        count, height, width, channels = filters.kernels.shape
        shown = shown_of(_MOST, count, "kernel") if count > _MOST else plural(count, "kernel")
        caption = f"{shown} of {filters.layer}, {height} x {width} weights each"
        if filters.in_colour:
            return f"{caption} and colour: grey is 0, and a place with the colours of a kernel answers it most."
        beside = f", of its {channels} channels side by side" if channels > 1 else ""
        most, least = ("ink", "none") if self.in_ink else ("light", "dark")
        return f"{caption}{beside}. A place of the image with {most} on blue and {least} on orange answers most."

    @property
    def size(self) -> tuple[float, float]:
        from mltrain.views.plotting.images import filters_across, weights_size

        count = min(len(self.filters.kernels), _MOST)
        return weights_size(count, filters_across(count))

    def draw(self, figure: "Figure", style: "Style") -> None:
        from mltrain.views.plotting.images import draw_weights, filters_across

        tiles = self.filters.tiles()[:_MOST]
        draw_weights(figure, style, tiles, self.filters.largest, filters_across(len(tiles)))

    def terminal(self) -> Iterator[View]:
        filters = self.filters
        tiles = np.repeat(
            np.repeat(filters.tiles()[:_MOST_IN_A_LINE], 2, axis=1), 2, axis=2
        )  # 3 pixels are too few to see
        yield Images([signed(tile, filters.largest) for tile in tiles], least=min(len(tiles), 4))


class FilterPreview:
    """The filters while they form."""

    def __init__(self, model: Model):
        self._network = model.network

    def about(self) -> dict[str, Any]:
        filters = self._filters()
        shape = filters.tiles()[:_MOST].shape
        return {"kind": "filters", "layer": filters.layer, "shape": shape, "colour": filters.in_colour}

    def now(self) -> dict[str, Any]:
        """Bytes of colours, or the share of the largest weight, from -100 to 100, null in gaps."""
        filters = self._filters()
        tiles = filters.tiles()[:_MOST]
        if filters.in_colour:
            return {"weights": (255 * tiles).astype(int).ravel().tolist()}
        shares = np.clip(100 * tiles / filters.largest, -100, 100).ravel()
        return {"weights": [None if np.isnan(share) else round(float(share)) for share in shares]}

    def _filters(self) -> Filters:
        filters = filters_of(self._network)
        assert filters is not None
        return filters
