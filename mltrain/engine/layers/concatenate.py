from collections.abc import Mapping, Sequence
from itertools import accumulate, pairwise
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers._merge import need_several, shapes_text
from mltrain.engine.layers.base import Buffers, Layer, ShapeError

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Concatenate(Layer):
    """Several inputs side by side, along one axis; all other axes must be of the same lengths."""

    example_inputs: ClassVar[tuple[Shape, ...]] = ((2, 3), (2, 3), (2, 3))
    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"inputs": ["a", "b"]},
        {"inputs": ["a", "b", "c"], "axis": 1},
    )

    axis: Annotated[
        int, Meta(description="along which axis; -1 is the last one, and 1 the first of a row, because 0 is the batch")
    ] = -1

    def merged_shape(self, input_shapes: Sequence[Shape]) -> Shape:
        need_several(self, input_shapes)
        first, *others = input_shapes
        axis = self.axis - 1 if self.axis > 0 else self.axis + len(first)
        if self.axis == 0 or not 0 <= axis < len(first):
            raise ShapeError(f"{self.axis} is no axis of rows of {len(first)}; the last one is -1", "axis")
        rest = first[:axis], first[axis + 1 :]
        if any(len(shape) != len(first) or (shape[:axis], shape[axis + 1 :]) != rest for shape in others):
            raise ShapeError(
                f"concatenate needs inputs that differ along axis {self.axis} only, "
                f"but these are {shapes_text(input_shapes)}",
                "inputs",
            )
        return (*rest[0], sum(shape[axis] for shape in input_shapes), *rest[1])

    def forward(self, at: Buffers) -> None:
        np.concatenate(at.xs, axis=self.axis, out=at.y)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        return steps.concatenate(xs, self.axis - 1 if self.axis > 0 else self.axis + len(xs[0].shape))

    def backward(self, at: Buffers) -> None:
        stops = accumulate((x.shape[self.axis] for x in at.xs), initial=0)
        dy = np.moveaxis(at.dy, self.axis, 0)
        for dx, bounds in zip(at.dxs, pairwise(stops), strict=True):
            if dx is not None:
                np.copyto(np.moveaxis(dx, self.axis, 0), dy[slice(*bounds)])
