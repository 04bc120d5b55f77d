"""Pooling: windows of an image or a sequence become one number a channel."""

from typing import Annotated, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers._windows import Padding, Windows
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer


class Pooling(Layer):
    """The base of pooling layers. A member defines its windows, and the result for a window."""

    padding: Annotated[
        Padding,
        Meta(description="valid: windows inside of the input only; same: also those that reach beyond its border"),
    ] = "valid"

    def windows(self, input_shape: Shape) -> Windows:
        """How windows lie over the input. Raises `ShapeError` where it cannot be taken."""
        raise NotImplementedError


class MaxPooling(Pooling):
    """The largest number of each window. Its gradient goes to the first place that has it, as in Keras and PyTorch."""

    takes_maximum: ClassVar[bool] = True

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        windows = self.windows(input_shape)
        dtype = np.uint8 if windows.size[0] * windows.size[1] <= 256 else np.uint16
        return {"place": ArraySpec((*windows.output, windows.image[2]), dtype=dtype)}

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        shape = (*self.windows(input_shape).output, self.windows(input_shape).image[2])
        dtype = self.saved(input_shape)["place"].dtype
        return {
            "is_larger": ArraySpec(shape, dtype=np.bool_),
            "number": ArraySpec(shape, dtype=dtype),
            "slope": ArraySpec(shape),
        }

    def forward(self, at: Buffers) -> None:
        windows = self.windows(at.x.shape[1:])
        x, y = _as_images(at.x, at.y, windows)
        place = at.saved.get("place")  # outside of training there is no gradient to find the way back
        if place is not None:
            place[...] = 0
        for number, ((down, across), (rows, columns)) in enumerate(windows.taps()):
            values, best = x[:, rows, columns], y[:, down, across]
            if number == 0:
                if best.shape != y.shape:
                    y[...] = -np.inf
                np.copyto(best, values)
                continue
            if place is not None:
                is_larger, numbers = (at.scratch[name][:, down, across] for name in ("is_larger", "number"))
                np.greater(values, best, out=is_larger)
                np.multiply(is_larger, place.dtype.type(number), out=numbers)
                np.maximum(place[:, down, across], numbers, out=place[:, down, across])
            np.maximum(values, best, out=best)

    def backward(self, at: Buffers) -> None:
        windows = self.windows(at.x.shape[1:])
        dx, dy = _as_images(at.dx, at.dy, windows)
        place = at.saved["place"]
        apart = _are_apart(windows)
        if not apart or _leave_some_out(windows):
            dx[...] = 0
        for number, ((down, across), (rows, columns)) in enumerate(windows.taps()):
            is_here = at.scratch["is_larger"][:, down, across]
            np.equal(place[:, down, across], number, out=is_here)
            image = dx[:, rows, columns]
            if apart:
                np.multiply(is_here, dy[:, down, across], out=image)
            else:
                slope = at.scratch["slope"][:, down, across]
                np.multiply(is_here, dy[:, down, across], out=slope)
                np.add(image, slope, out=image)


class AveragePooling(Pooling):
    """The mean of each window; padding does not count, as in Keras."""

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        windows = self.windows(input_shape)
        return {"share": ArraySpec((*windows.output, windows.image[2]))}

    def forward(self, at: Buffers) -> None:
        windows = self.windows(at.x.shape[1:])
        x, y = _as_images(at.x, at.y, windows)
        y[...] = 0
        for (down, across), (rows, columns) in windows.taps():
            sums = y[:, down, across]
            np.add(sums, x[:, rows, columns], out=sums)
        np.divide(y, _counts(windows, y), out=y)

    def backward(self, at: Buffers) -> None:
        windows = self.windows(at.x.shape[1:])
        dx, dy = _as_images(at.dx, at.dy, windows)
        dx[...] = 0
        share = np.divide(dy, _counts(windows, dy), out=at.scratch["share"])
        for (down, across), (rows, columns) in windows.taps():
            image = dx[:, rows, columns]
            np.add(image, share[:, down, across], out=image)


def _as_images(of_input: Floats, of_output: Floats, windows: Windows) -> tuple[Floats, Floats]:
    rows, channels = len(of_input), windows.image[2]
    return of_input.reshape(rows, *windows.image), of_output.reshape(rows, *windows.output, channels)


def _counts(windows: Windows, like: Floats) -> Floats:
    return windows.counts().astype(like.dtype, copy=False)


def _are_apart(windows: Windows) -> bool:
    """Whether no two windows have a number in common."""
    return windows.size[0] <= windows.strides[0] and windows.size[1] <= windows.strides[1]


def _leave_some_out(windows: Windows) -> bool:
    """Whether some numbers of the image are in no window."""
    covered = tuple(count * stride for count, stride in zip(windows.output, windows.strides, strict=True))
    return windows.size != windows.strides or covered != windows.image[:2]
