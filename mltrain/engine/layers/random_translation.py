from typing import Annotated, Any, ClassVar

from msgspec import Meta
from numpy.random import Generator

from mltrain.engine.arrays import Shape
from mltrain.engine.layers._image_transform import Factor, ImageTransform, Transform, check_factor, draw


class RandomTranslation(ImageTransform):
    """Moves each image of a training batch down or up and right or left, by random shares of its size."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"height_factor": 0.2, "width_factor": 0.3},
        {"height_factor": [0.1, 0.4], "width_factor": 0, "fill_mode": "constant", "fill_value": 0.5},
    )

    height_factor: Annotated[
        Factor, Meta(description="how far down, as a share of the height: from -factor to factor, or [low, high]")
    ]
    width_factor: Annotated[
        Factor,
        Meta(description="how far to the right, as a share of the width: from -factor to factor, or [low, high]"),
    ]

    def output_shape(self, input_shape: Shape) -> Shape:
        check_factor(self.height_factor, "height_factor")
        check_factor(self.width_factor, "width_factor")
        return super().output_shape(input_shape)

    def transform(self, rng: Generator, rows: int, height: int, width: int) -> Transform:
        transform = Transform(rows)
        transform.y -= height * draw(self.height_factor, rng, rows)
        transform.x -= width * draw(self.width_factor, rng, rows)
        return transform
