from typing import Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers._windows import image_shape
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer


class RandomFlip(Layer):
    """Mirrors each image of a training batch, or leaves it as it is, with a chance of one half."""

    training_only: ClassVar[bool] = True
    example_input: ClassVar[Shape] = (4, 5, 2)
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"mode": "horizontal"})

    mode: Annotated[
        Literal["horizontal_and_vertical", "horizontal", "vertical"],
        Meta(description="horizontal swaps left and right, vertical top and bottom"),
    ] = "horizontal_and_vertical"

    def output_shape(self, input_shape: Shape) -> Shape:
        image_shape("random_flip", input_shape)
        return input_shape

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"flips": ArraySpec((2,), dtype=np.bool_)}

    def forward(self, at: Buffers) -> None:
        at.saved["flips"][...] = at.random_bits((2,)) & 1
        self._flip(at.x, at.y, at.saved["flips"])

    def backward(self, at: Buffers) -> None:
        self._flip(at.dy, at.dx, at.saved["flips"])

    def _flip(self, source: Floats, target: Floats, flips: npt.NDArray[np.bool_]) -> None:
        """Write the images of ``source`` into ``target``, mirrored where their row of ``flips`` says so."""
        np.copyto(target, source)
        for axis, mode in ((1, "vertical"), (2, "horizontal")):
            if mode in self.mode:
                for row in np.flatnonzero(flips[:, axis - 1]):
                    target[row] = np.flip(target[row], axis - 1)
