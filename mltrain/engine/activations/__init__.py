"""Activations: layers that change each number, not the shape. A dense layer may carry one as its ``activation``."""

from typing import ClassVar

from mltrain.engine.layers import Layer
from mltrain.spec import Family


class Activation(Layer):
    """An activation's description. Most are ``in_place``: their derivative is written in terms of their output."""

    family: ClassVar[Family] = Family("activation", __name__)
    in_place: ClassVar[bool] = True
    reads_output: ClassVar[bool] = True
