from typing import ClassVar

from mltrain.engine.activations.base import Activation


class Linear(Activation):
    """Passes its input on unchanged: what a dense layer without an activation does."""

    reshapes: ClassVar[bool] = True
    reads_output: ClassVar[bool] = False
