from typing import ClassVar

from mltrain.engine.activations.base import Activation


class Linear(Activation):
    """Passes its input on unchanged: the default of a dense layer."""

    reshapes: ClassVar[bool] = True
    reads_output: ClassVar[bool] = False
