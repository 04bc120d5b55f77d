from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Shape
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer


class GaussianNoise(Layer):
    """Adds random numbers with mean 0 to its input in each training step, so that no exact value is memorized."""

    in_place: ClassVar[bool] = True
    training_only: ClassVar[bool] = True
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"stddev": 0.3},)

    stddev: Annotated[float, Meta(ge=0, description="standard deviation of the noise, in the units of the input")]

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return {"noise": ArraySpec(input_shape, dtype=np.float32)}

    def forward(self, at: Buffers) -> None:
        first, rows, noise = at.share.first_row, len(at.x), at.scratch["noise"]
        # Drawn for the whole batch, so that a row's noise does not depend on which process has it.
        self._draw(at, first)
        self._draw(at, rows)
        np.multiply(noise, np.float32(self.stddev), out=noise)
        np.add(at.x, noise, out=at.y)
        self._draw(at, at.batch_rows - first - rows)

    def _draw(self, at: Buffers, rows: int) -> None:
        """Draw the noise of so many rows, as many at a time as the scratch array has."""
        assert at.rng is not None
        noise = at.scratch["noise"]
        for first in range(0, rows, len(noise)):
            at.rng.standard_normal(out=noise[: rows - first], dtype=np.float32)

    def backward(self, at: Buffers) -> None:
        if at.dx is not at.dy:
            np.copyto(at.dx, at.dy)
