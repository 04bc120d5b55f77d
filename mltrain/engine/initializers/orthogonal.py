from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta
from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape, size
from mltrain.engine.initializers.base import Initializer


class Orthogonal(Initializer):
    """A random orthogonal matrix, times ``gain``: it keeps the length of vectors, also through many layers.

    Columns, or rows where those are fewer, are at right angles to each other and of length ``gain``.
    Saxe, McClelland and Ganguli 2014, https://arxiv.org/abs/1312.6120
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = ({}, {"gain": 1.4})

    gain: Annotated[float, Meta(description="what the lengths are multiplied by")] = 1.0

    def values(self, shape: Shape, rng: Generator) -> Floats:
        if len(shape) < 2:
            raise ValueError(
                "orthogonal is for kernels: a parameter with a single axis has no columns to be at right angles"
            )
        rows, columns = size(shape[:-1]), shape[-1]
        q, r = np.linalg.qr(rng.standard_normal((max(rows, columns), min(rows, columns))))
        # QR leaves the sign of each column to chance; taking it from r makes all rotations equally likely.
        q *= np.sign(np.diag(r))
        return self.gain * (q if rows >= columns else q.T).reshape(shape)
