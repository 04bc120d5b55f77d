from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta
from numpy.random import Generator

from mltrain.engine.arrays import Shape
from mltrain.engine.layers._image_transform import Factor, ImageTransform, Transform, check_factor, draw


class RandomRotation(ImageTransform):
    """Turns each image of a training batch around its centre, by a random share of a full circle."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"factor": 0.1},
        {"factor": [0.1, 0.2], "fill_mode": "nearest", "interpolation": "nearest"},
    )

    factor: Annotated[
        Factor,
        Meta(description="how far counterclockwise, in full circles: from -factor to factor, or [low, high]"),
    ]

    def output_shape(self, input_shape: Shape) -> Shape:
        check_factor(self.factor, "factor")
        return super().output_shape(input_shape)

    def transform(self, rng: Generator, rows: int, height: int, width: int) -> Transform:
        angle = 2 * np.pi * draw(self.factor, rng, rows)
        transform = Transform(rows)
        transform.y_y, transform.x_x = np.cos(angle), np.cos(angle)
        transform.y_x, transform.x_y = np.sin(angle), -np.sin(angle)
        return transform
