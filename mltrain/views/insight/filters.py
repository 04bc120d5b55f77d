"""The kernels of the first convolution: the small patterns that it looks for."""

from dataclasses import dataclass

import numpy as np

from mltrain.engine.graph import execution_order
from mltrain.engine.layers.conv2d import Conv2d
from mltrain.engine.layers.depthwise_conv2d import DepthwiseConv2d
from mltrain.engine.network import Network
from mltrain.views.insight.fitted_curve import Numbers
from mltrain.views.insight.images import is_colour


@dataclass(frozen=True)
class Filters:
    """The kernels of one layer, ``(filters, height, width, channels)``.

    ``in_colour``: the channels are red, green and blue.
    """

    layer: str
    kernels: Numbers
    in_colour: bool

    @property
    def largest(self) -> float:
        """The largest magnitude, but for the largest of 200 weights; 1 if all are 0."""
        return float(np.quantile(np.abs(self.kernels), 0.995)) or 1.0

    def tiles(self) -> Numbers:
        """Each filter as an image of its own: colours from 0 to 1, half of which is a weight of 0, or weights.

        Weights of several channels that are no colours stand side by side, NaN between them.
        """
        kernels = self.kernels
        if self.in_colour:
            return np.clip(0.5 + kernels / (2 * self.largest), 0, 1)
        apart = np.pad(kernels, ((0, 0), (0, 0), (0, 1), (0, 0)), constant_values=np.nan)
        return np.moveaxis(apart, 3, 2).reshape(*kernels.shape[:2], -1)[..., :-1]


def filters_of(network: Network) -> Filters | None:
    """The filters of the first two-dimensional convolution; None if there is none."""
    for node in execution_order(network.nodes):
        if isinstance(node.layer, Conv2d | DepthwiseConv2d):
            kernel = network.arrays[f"{node.name}.kernel"].astype(np.float64)
            if isinstance(node.layer, DepthwiseConv2d):  # a pattern for each channel, which sees that channel only
                kernel = kernel.reshape(*kernel.shape[:2], 1, -1)
            in_colour = is_colour(network.input_shape) and kernel.shape[2] == network.input_shape[2]
            return Filters(node.name, np.moveaxis(kernel, 3, 0), in_colour)
    return None
