"""What each layer makes of one image: its channels as images."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.backends.default import default_backend
from mltrain.engine.graph import execution_order
from mltrain.inference.model import Model
from mltrain.views.insight.fitted_curve import Numbers
from mltrain.views.insight.images import takes_images

MOST_MAPS, MOST_UNITS = 16, 128
"""The largest number of channels of a layer that are shown, and of the numbers of a layer without places."""


@dataclass(frozen=True)
class FeatureMaps:
    """The output of one layer for an image: ``maps`` are the first of its ``of`` channels, ``(maps, height, width)``.

    A layer without places, such as dense, has one map, of one line. ``reads`` names its sources, where they are not
    simply the layer before it.
    """

    layer: str
    maps: Numbers
    of: int
    reads: tuple[str, ...] = ()

    @property
    def is_line(self) -> bool:
        return self.maps.shape[:2] == (1, 1)

    @property
    def about(self) -> str:
        """``conv2d: 16 of 32 maps of 26 x 26``, and what the layer reads where that is not the layer before it."""
        count, height, width = self.maps.shape
        count = width if self.is_line else count
        shown = f"{count} of {self.of}" if count < self.of else f"{self.of}"
        noun = ("number" if self.is_line else "map") + "s" * (self.of != 1)
        what = noun if self.is_line else f"{noun} of {height} x {width}"
        reads = f"; reads {' and '.join(self.reads)}" if self.reads else ""
        return f"{self.layer}: {shown} {what}{reads}"


def has_feature_maps(model: Model) -> bool:
    """Whether some layer makes images of images."""
    made = [
        node.output_shape for node in model.network.nodes if not node.layer.training_only and not node.layer.reshapes
    ]
    return takes_images(model) and any(len(shape) == 3 for shape in made)


def feature_maps_of(model: Model, image: npt.NDArray[Any]) -> Sequence[FeatureMaps]:
    """The outputs of all layers for one image ``(height, width)`` or ``(height, width, channels)``, in their order.

    Layers that only reshape, or work in training only, are left out.
    """
    network, found = model.network, []
    before = tuple(network.inputs)
    for node in execution_order(network.nodes):
        reads, before = (() if node.sources == before else node.sources), (node.name,)
        if node.layer.training_only or node.layer.reshapes or len(node.output_shape) not in (1, 3):
            continue
        part = network.ending_at(node.name)
        (values,) = default_backend().predict(part, image[None], model.preprocessing.inputs).astype(np.float64)
        if values.ndim == 1:
            maps, count = values[None, None, :MOST_UNITS], len(values)
        else:
            maps, count = np.moveaxis(values, 2, 0)[:MOST_MAPS], values.shape[2]
        found.append(FeatureMaps(node.name, maps, count, reads))
    return found
