from typing import Annotated, Any, ClassVar

from msgspec import Meta
from numpy.random import Generator

from mltrain.engine.arrays import Shape
from mltrain.engine.layers._image_transform import Factor, ImageTransform, Transform, check_factor, draw


class RandomZoom(ImageTransform):
    """Shrinks or enlarges each image of a training batch at random, around its centre."""

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"height_factor": 0.2},
        {"height_factor": [0.1, 0.3], "width_factor": 0.2, "fill_mode": "wrap"},
    )

    height_factor: Annotated[
        Factor,
        Meta(description="0.2 shows 20% more of the height, -0.2 less: from -factor to factor, or [low, high]"),
    ]
    width_factor: Annotated[
        Factor | None, Meta(description="the same for the width; by default the image keeps its proportions")
    ] = None

    def output_shape(self, input_shape: Shape) -> Shape:
        check_factor(self.height_factor, "height_factor", lowest=-1)
        check_factor(self.width_factor, "width_factor", lowest=-1)
        return super().output_shape(input_shape)

    def transform(self, rng: Generator, rows: int, height: int, width: int) -> Transform:
        transform = Transform(rows)
        transform.y_y += draw(self.height_factor, rng, rows)
        if self.width_factor is None:
            transform.x_x = transform.y_y.copy()
        else:
            transform.x_x += draw(self.width_factor, rng, rows)
        return transform
