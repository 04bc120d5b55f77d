"""Sliding windows over images, the base of convolution and pooling.

Images are ``(rows, height, width, channels)``. A sequence ``(rows, steps, channels)`` is an image of height 1. Padding
is that of Keras: "valid" has none; "same" adds as much around the image as gives ``ceil(length / stride)`` windows,
half of it before the image and the rest behind it.
"""

from collections.abc import Iterator
from typing import Annotated, Literal, NamedTuple, Protocol, runtime_checkable

import numpy as np
import numpy.typing as npt
from msgspec import Meta
from numpy.lib.stride_tricks import as_strided

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers.base import ShapeError, shape_text

Length = Annotated[int, Meta(ge=1)]
Lengths = Length | Annotated[tuple[Length, ...], Meta(min_length=2, max_length=2)]
"""One length for height and width alike, or both."""

Padding = Literal["valid", "same"]

ConvolutionPadding = Annotated[
    Padding,
    Meta(description="valid: windows inside of the input only; same: zeros around it, so that its size is kept"),
]

Pair = tuple[int, int]


def pair(lengths: Lengths) -> Pair:
    """Height and width of a window or a stride."""
    return (lengths, lengths) if isinstance(lengths, int) else (lengths[0], lengths[1])


def image_shape(layer: str, shape: Shape) -> tuple[int, int, int]:
    """Height, width and channels of an image; a grey one may come without channels. Raises `ShapeError`."""
    if len(shape) == 2:
        return (*shape, 1)
    if len(shape) != 3:
        behind = "; put it before flatten" if len(shape) == 1 else ""
        raise ShapeError(
            f"{layer} takes images (rows x columns, or rows x columns x channels), but its input is "
            f"{shape_text(shape)}{behind}"
        )
    return shape


def sequence_shape(layer: str, shape: Shape) -> tuple[int, int, int]:
    """A sequence ``(steps, channels)`` as an image of height 1; one of single numbers may come without channels."""
    if len(shape) == 1:
        return (1, *shape, 1)
    if len(shape) != 2:
        raise ShapeError(f"{layer} takes sequences (steps, or steps x channels), but its input is {shape_text(shape)}")
    return (1, *shape)


class Windows(NamedTuple):
    """How windows of one ``size`` lie over an image of a shape: one every ``strides``, with this ``padding``.

    Where only the first so many down and across are of use, ``most`` says so.
    """

    image: tuple[int, int, int]
    size: Pair
    strides: Pair
    padding: Padding
    most: Pair | None = None

    @property
    def output(self) -> Pair:
        """How many windows there are: down, and across."""
        return self._count(0), self._count(1)

    @property
    def pads(self) -> tuple[Pair, Pair]:
        """How many numbers are added above and below, and on the left and right."""
        return self._pads(0), self._pads(1)

    @property
    def padded(self) -> Pair:
        """Height and width of the image with its padding."""
        (above, below), (left, right) = self.pads
        return self.image[0] + above + below, self.image[1] + left + right

    def check(self, layer: str, option: str) -> None:
        """Raise `ShapeError` where not even one window fits into the image."""
        height, width = self.size
        if min(self.output) < 1:
            one, whole = f"{height} x {width}", f"{self.image[0]} x {self.image[1]}"
            if self.image[0] == height == 1:
                one, whole = str(width), str(self.image[1])
            raise ShapeError(
                f"{layer}: a window of {one} does not fit into an input of {whole}; make it smaller, or pad with "
                "'padding: same'",
                option,
            )

    def taps(self) -> Iterator[tuple[tuple[slice, slice], tuple[slice, slice]]]:
        """For each place in a window, row by row: which windows have the image there, and where in the image that is.

        ``y[:, down, across]`` are windows and ``x[:, rows, columns]`` the numbers at that place in each of them.
        Windows that have padding there are left out.
        """
        for down in range(self.size[0]):
            for across in range(self.size[1]):
                (y_rows, x_rows), (y_columns, x_columns) = self.meet(0, down), self.meet(1, across)
                yield (y_rows, y_columns), (x_rows, x_columns)

    def meet(self, axis: int, place: int) -> tuple[slice, slice]:
        """Along one axis: the windows whose ``place`` lies in the image, and where there."""
        length, stride = self.image[axis], self.strides[axis]
        begin = place - self._pads(axis)[0]
        first = max(0, -(begin // stride))
        last = min(self._count(axis), -(-(length - begin) // stride))
        return slice(first, max(first, last)), slice(
            begin + first * stride, max(0, begin + (last - 1) * stride + 1), stride
        )

    def counts(self) -> npt.NDArray[np.float32]:
        """How many numbers of the image each window has, ``(down, across, 1)``."""
        counts = np.zeros((*self.output, 1), np.float32)
        for (rows, columns), _ in self.taps():
            counts[rows, columns] += 1
        return counts

    def views(self, x: Floats, planes: Pair = (1, 1)) -> Floats:
        """All windows of padded images as a view: ``(*planes, rows, down, across, height, width * channels)``.

        With ``planes`` of 2 and 3, the first plane has every second window down and every third one across.
        """
        down, across = self.strides[0] * x.strides[1], self.strides[1] * x.strides[2]
        counts = [count // plane for count, plane in zip(self.output, planes, strict=True)]
        return as_strided(
            x,
            (*planes, len(x), *counts, self.size[0], self.size[1] * x.shape[3]),
            (down, across, x.strides[0], planes[0] * down, planes[1] * across, x.strides[1], x.strides[3]),
        )

    def _count(self, axis: int) -> int:
        return self._fitting(axis) if self.most is None else min(self._fitting(axis), self.most[axis])

    def _fitting(self, axis: int) -> int:
        length, size, stride = self.image[axis], self.size[axis], self.strides[axis]
        return -(-length // stride) if self.padding == "same" else (length - size) // stride + 1

    def _pads(self, axis: int) -> Pair:
        if self.padding == "valid":
            return 0, 0
        length, size, stride = self.image[axis], self.size[axis], self.strides[axis]
        total = max(0, (self._fitting(axis) - 1) * stride + size - length)
        return total // 2, total - total // 2


@runtime_checkable
class Sliding(Protocol):
    """A layer that slides windows over its input."""

    def windows(self, input_shape: Shape) -> Windows: ...
