from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.engine.layers.base import Buffers, Layer


class GaussianNoise(Layer):
    """Adds random numbers with mean 0 to its input in each training step, so that no exact value is memorized."""

    in_place: ClassVar[bool] = True
    training_only: ClassVar[bool] = True
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"stddev": 0.3},)

    stddev: Annotated[float, Meta(ge=0, description="standard deviation of the noise, in the units of the input")]

    def forward(self, at: Buffers) -> None:
        assert at.rng is not None
        first, shape = at.share.first_row, at.x.shape[1:]
        # Drawn for the whole batch, so that a row's noise does not depend on which process has it.
        noise = at.rng.standard_normal((at.batch_rows, *shape), np.float32)[first : first + len(at.x)]
        np.multiply(noise, np.float32(self.stddev), out=noise)
        np.add(at.x, noise, out=at.y)

    def backward(self, at: Buffers) -> None:
        if at.dx is not at.dy:
            np.copyto(at.dx, at.dy)
