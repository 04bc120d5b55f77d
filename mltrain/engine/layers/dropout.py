from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.engine.arrays import Shape
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer


class Dropout(Layer):
    """Sets a random share of its inputs to zero in each training step, so that no neuron may rely on a single other.

    Inverted dropout: remaining numbers are scaled by ``1 / (1 - rate)``, so that nothing changes outside of training.
    Srivastava et al. 2014, https://jmlr.org/papers/v15/srivastava14a.html
    """

    element_wise: ClassVar[bool] = True
    in_place: ClassVar[bool] = True
    training_only: ClassVar[bool] = True
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"rate": 0.3},)

    rate: Annotated[float, Meta(ge=0, lt=1, description="share of the inputs that is dropped")]

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"scale": ArraySpec(input_shape)}

    def forward(self, at: Buffers) -> None:
        scale = at.saved["scale"]
        # Sixteen bits set the rate to within 1/65536.
        np.greater_equal(self.bits(at), round(self.rate * 65536), out=scale)
        np.multiply(scale, 1 / (1 - self.rate), out=scale)
        np.multiply(at.x, scale, out=at.y)

    def bits(self, at: Buffers) -> npt.NDArray[np.uint16]:
        """What decides for each number of rows whether it is dropped."""
        return at.random_bits(at.x.shape[1:])

    def backward(self, at: Buffers) -> None:
        np.multiply(at.dy, at.saved["scale"], out=at.dx)
