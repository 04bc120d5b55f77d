"""Images moved, turned or scaled at random: each row by a transformation of its own, in training only.

Every transformation maps the places of the output to places of the input; the value there is interpolated between the
four numbers around it. The gradient goes back to these four by the same weights.
"""

import math
from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta
from numpy.random import Generator

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers._windows import image_shape
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer, ShapeError

Factor = float | Annotated[tuple[float, ...], Meta(min_length=2, max_length=2)]
"""The range of a random number: from -factor to factor, or from the first number to the second."""

FillMode = Literal["constant", "nearest", "reflect", "wrap"]

_BLOCK = 4_096
"""Places of images that are worked on at a time."""

_CORNERS = ((0, 0), (0, 1), (1, 0), (1, 1))


class Transform:
    """One affine map a row, around the centre of the image: output place -> input place. Each entry is ``(rows,)``.

    ``row = scale_y_y * row + scale_y_x * column + shift_y``, and the same for the column.
    """

    def __init__(self, rows: int):
        self.y_y, self.x_x = np.ones(rows), np.ones(rows)
        self.y_x, self.x_y = np.zeros(rows), np.zeros(rows)
        self.y, self.x = np.zeros(rows), np.zeros(rows)

    def places(self, rows: slice, height: int, width: int) -> tuple[npt.NDArray[np.float64], npt.NDArray[np.float64]]:
        """Row and column of the input for each place of some rows' output, ``(rows, height * width)`` each."""
        middle_y, middle_x = (height - 1) / 2, (width - 1) / 2
        down, across = np.divmod(np.arange(height * width), width)
        down, across = down - middle_y, across - middle_x
        outer = np.multiply.outer
        y = outer(self.y_y[rows], down) + outer(self.y_x[rows], across) + (self.y[rows] + middle_y)[:, None]
        x = outer(self.x_y[rows], down) + outer(self.x_x[rows], across) + (self.x[rows] + middle_x)[:, None]
        return y, x


class ImageTransform(Layer):
    """What the random transformations share. A member says how a row's transformation is drawn."""

    training_only: ClassVar[bool] = True
    example_input: ClassVar[Shape] = (4, 5, 2)

    fill_mode: Annotated[
        FillMode,
        Meta(
            description="what is outside of the image: constant (fill_value), nearest (its border), reflect (its mirror"
            " image) or wrap (its other side)"
        ),
    ] = "reflect"
    interpolation: Annotated[
        Literal["bilinear", "nearest"], Meta(description="between the four nearest numbers, or the nearest one")
    ] = "bilinear"
    fill_value: Annotated[float, Meta(description="value outside of the image, with 'fill_mode: constant'")] = 0.0

    def output_shape(self, input_shape: Shape) -> Shape:
        image_shape(self.type_name(), input_shape)
        return input_shape

    def transform(self, rng: Generator, rows: int, height: int, width: int) -> Transform:
        """Draw the transformations of so many rows."""
        raise NotImplementedError

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        height, width, _ = image_shape(self.type_name(), input_shape)
        corners = (len(_CORNERS), height * width)
        return {"place": ArraySpec(corners, dtype=np.intp), "weight": ArraySpec(corners)}

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        height, width, channels = image_shape(self.type_name(), input_shape)
        rows = _rows_at_once(height * width)
        return {"part": ArraySpec((rows * height * width * channels,), per_row=False)}

    def forward(self, at: Buffers) -> None:
        assert at.rng is not None
        height, width, channels = image_shape(self.type_name(), at.x.shape[1:])
        transform = self.transform(at.rng, at.batch_rows, height, width)
        images, out = at.x.reshape(len(at.x), -1, channels), at.y.reshape(len(at.x), -1, channels)
        out[...] = 0
        for block in _blocks(len(at.x), height * width):
            first = at.share.first_row
            y, x = transform.places(slice(first + block.start, first + block.stop), height, width)
            places, weights, sums = at.saved["place"][block], at.saved["weight"][block], out[block]
            self._corners(y, x, (height, width), places, weights)
            part = at.scratch["part"][: sums.size].reshape(sums.shape)
            rows = images[block].reshape(-1, channels)
            for corner in range(len(_CORNERS)):
                np.take(rows, _flat(places[:, corner], height * width), axis=0, out=part, mode="clip")
                np.multiply(part, weights[:, corner, :, None], out=part)
                np.add(sums, part, out=sums)
            if self.fill_mode == "constant" and self.fill_value:
                np.add(sums, (self.fill_value * (1 - weights.sum(axis=1)))[..., None], out=sums)

    def backward(self, at: Buffers) -> None:
        length = at.saved["place"].shape[2]
        slopes, sums = at.dy.reshape(len(at.dy), length, -1), at.dx.reshape(len(at.dx), length, -1)
        sums[...] = 0
        for block in _blocks(len(slopes), length):
            places, weights, dy = at.saved["place"][block], at.saved["weight"][block], slopes[block]
            dx = sums[block].reshape(-1, dy.shape[2])
            for corner in range(len(_CORNERS)):
                place = _flat(places[:, corner], length).reshape(-1)
                for channel in range(dx.shape[1]):
                    slope = (weights[:, corner] * dy[..., channel]).reshape(-1)
                    dx[:, channel] += np.bincount(place, slope, len(dx)).astype(dx.dtype, copy=False)

    def _corners(
        self,
        y: npt.NDArray[np.float64],
        x: npt.NDArray[np.float64],
        lengths: tuple[int, int],
        places: npt.NDArray[np.intp],
        weights: Floats,
    ) -> None:
        """For each place of the output, where its four neighbours are in the input, and how much each counts."""
        if self.interpolation == "nearest":
            y, x = np.floor(y + 0.5), np.floor(x + 0.5)
        above, left = np.floor(y).astype(np.intp), np.floor(x).astype(np.intp)
        down, across = y - above, x - left
        for corner, (below, right) in enumerate(_CORNERS):
            weight = (down if below else 1 - down) * (across if right else 1 - across)
            row, row_inside = self._inside(above + below, lengths[0])
            column, column_inside = self._inside(left + right, lengths[1])
            places[:, corner] = row * lengths[1] + column
            weights[:, corner] = weight * row_inside * column_inside

    def _inside(
        self, place: npt.NDArray[np.intp], length: int
    ) -> tuple[npt.NDArray[np.intp], npt.NDArray[np.bool_] | bool]:
        """A place that may be outside of ``length`` numbers, as one inside; and whether it counts."""
        if self.fill_mode == "wrap":
            return place % length, True
        if self.fill_mode == "reflect":
            folded = place % (2 * length)
            return np.minimum(folded, 2 * length - 1 - folded), True
        inside = np.clip(place, 0, length - 1)
        return inside, self.fill_mode == "nearest" or inside == place


def draw(factor: Factor, rng: Generator, rows: int) -> npt.NDArray[np.float64]:
    """A random number of a factor's range for each row."""
    low, high = (-factor, factor) if isinstance(factor, int | float) else factor
    return rng.uniform(low, high, rows)


def check_factor(factor: Factor | None, option: str, lowest: float = -math.inf) -> None:
    """Raise `ShapeError` for a range that is none, or begins below ``lowest``."""
    if factor is None:
        return
    low, high = (-abs(factor), abs(factor)) if isinstance(factor, int | float) else factor
    if low > high:
        raise ShapeError(f"the range begins at {low:g} and ends at {high:g}; swap them", option)
    if low <= lowest:
        raise ShapeError(f"expected a range above {lowest:g}, got {low:g}", option)


def _rows_at_once(length: int) -> int:
    return max(1, _BLOCK // length)


def _blocks(rows: int, length: int) -> Iterator[slice]:
    """The rows of a batch, so many at a time that intermediate results are small; ``length`` is places of an image."""
    step = _rows_at_once(length)
    return (slice(first, min(rows, first + step)) for first in range(0, rows, step))


def _flat(places: npt.NDArray[np.intp], length: int) -> npt.NDArray[np.intp]:
    """Places in each row of ``length`` numbers, as places in all rows together."""
    return places + np.arange(len(places))[:, None] * length
