"""Activations: layers that change each number, not the shape. A dense layer may carry one as its ``activation``."""

import math
from typing import ClassVar

from mltrain.engine.layers.base import Layer
from mltrain.spec import Family


class Activation(Layer):
    """An activation's description. Most are ``in_place``: their derivative is written in terms of their output."""

    family: ClassVar[Family] = Family("activation", __package__)
    element_wise: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
    reads_output: ClassVar[bool] = True

    def output_range(self) -> tuple[float, float]:
        """The lowest and the highest number that can come out: targets beyond them can never be met."""
        return -math.inf, math.inf
