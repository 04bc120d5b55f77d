from typing import Annotated, Any, ClassVar

from msgspec import Meta

from mltrain.engine.arrays import MOST_DIMENSIONS, Shape, size
from mltrain.engine.layers.base import Layer, ShapeError, shape_text


class Reshape(Layer):
    """Gives each row another shape of the same size; at most one length may be -1, which is computed from the rest."""

    reshapes: ClassVar[bool] = True
    examples: ClassVar[tuple[dict[str, Any], ...]] = ({"target_shape": [2, 3]}, {"target_shape": [3, -1]})

    target_shape: Annotated[
        tuple[Annotated[int, Meta(ge=-1)], ...],
        Meta(max_length=MOST_DIMENSIONS, description="lengths of the new shape, without the batch axis"),
    ]

    def output_shape(self, input_shape: Shape) -> Shape:
        known = size(tuple(length for length in self.target_shape if length != -1))
        free = self.target_shape.count(-1)
        if free > 1 or 0 in self.target_shape:
            raise ShapeError("at most one length may be -1, and none 0", "target_shape")
        total = size(input_shape)
        if total % known or (not free and total != known):
            numbers = f"the input is {shape_text(input_shape)} = {total} numbers"
            raise ShapeError(f"{numbers}, which cannot be laid out as {shape_text(self.target_shape)}", "target_shape")
        return tuple(total // known if length == -1 else length for length in self.target_shape)
