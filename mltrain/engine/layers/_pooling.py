"""Pooling: windows of an image or a sequence become one number a channel.

A layer says how its windows lie over the input, and which `Operation` reduces a window to a number.
"""

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Annotated, Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.engine.arrays import Floats, Shape
from mltrain.engine.layers._windows import (
    Length,
    Lengths,
    Padding,
    Windows,
    image_shape,
    pair,
    sequence_shape,
)
from mltrain.engine.layers.base import ArraySpec, Buffers, Layer

if TYPE_CHECKING:
    from mltrain.engine.operations import StepBuilder, Value


class Operation:
    """The reduction of a window to one number a channel, and its gradient."""

    reduce: ClassVar[Literal["maximum", "mean"]]

    def saved(self, windows: Windows) -> dict[str, ArraySpec]:
        return {}

    def scratch(self, windows: Windows) -> dict[str, ArraySpec]:
        return {}

    def forward(self, windows: Windows, at: Buffers) -> None:
        raise NotImplementedError

    def backward(self, windows: Windows, at: Buffers) -> None:
        raise NotImplementedError


class Maximum(Operation):
    """The largest number of each window. Its gradient goes to the first place that has it, as in Keras and PyTorch."""

    reduce = "maximum"

    def saved(self, windows: Windows) -> dict[str, ArraySpec]:
        dtype = np.uint8 if windows.size[0] * windows.size[1] <= 256 else np.uint16
        return {"place": ArraySpec((*windows.output, windows.image[2]), dtype=dtype)}

    def scratch(self, windows: Windows) -> dict[str, ArraySpec]:
        shape = (*windows.output, windows.image[2])
        dtype = self.saved(windows)["place"].dtype
        return {
            "is_larger": ArraySpec(shape, dtype=np.bool_),
            "number": ArraySpec(shape, dtype=dtype),
            "slope": ArraySpec(shape),
        }

    def forward(self, windows: Windows, at: Buffers) -> None:
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
                note_larger(values, best, number, place[:, down, across], is_larger, numbers)
            np.maximum(values, best, out=best)

    def backward(self, windows: Windows, at: Buffers) -> None:
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


def note_larger(
    values: Floats,
    best: Floats,
    number: int,
    place: npt.NDArray[np.unsignedinteger[Any]],
    is_larger: npt.NDArray[np.bool_],
    numbers: npt.NDArray[np.unsignedinteger[Any]],
) -> None:
    """Write ``number`` into ``place`` where ``values`` are larger than ``best``; the last two are scratch arrays.

    ``place`` holds smaller numbers only. A product and a maximum are faster than an assignment by a mask.
    """
    np.greater(values, best, out=is_larger)
    np.multiply(is_larger.view(np.uint8), place.dtype.type(number), out=numbers)
    np.maximum(place, numbers, out=place)


class Average(Operation):
    """The mean of each window; padding does not count, as in Keras."""

    reduce = "mean"

    def scratch(self, windows: Windows) -> dict[str, ArraySpec]:
        return {"share": ArraySpec((*windows.output, windows.image[2]))}

    def forward(self, windows: Windows, at: Buffers) -> None:
        x, y = _as_images(at.x, at.y, windows)
        y[...] = 0
        for (down, across), (rows, columns) in windows.taps():
            sums = y[:, down, across]
            np.add(sums, x[:, rows, columns], out=sums)
        np.divide(y, _counts(windows, y), out=y)

    def backward(self, windows: Windows, at: Buffers) -> None:
        dx, dy = _as_images(at.dx, at.dy, windows)
        dx[...] = 0
        share = np.divide(dy, _counts(windows, dy), out=at.scratch["share"])
        for (down, across), (rows, columns) in windows.taps():
            image = dx[:, rows, columns]
            np.add(image, share[:, down, across], out=image)


class Pooling(Layer):
    """The base of pooling layers. A member names its operation."""

    operation: ClassVar[Operation]

    padding: Annotated[
        Padding,
        Meta(description="valid: windows inside of the input only; same: also those that reach beyond its border"),
    ] = "valid"

    def windows(self, input_shape: Shape) -> Windows:
        """How windows lie over the input. Raises `ShapeError` where it cannot be taken."""
        raise NotImplementedError

    def saved(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return self.operation.saved(self.windows(input_shape))

    def scratch(self, input_shape: Shape) -> dict[str, ArraySpec]:
        return self.operation.scratch(self.windows(input_shape))

    def forward(self, at: Buffers) -> None:
        self.operation.forward(self.windows(at.x.shape[1:]), at)

    def inference(self, steps: "StepBuilder", xs: "Sequence[Value]", parameters: Mapping[str, Floats]) -> "Value":
        windows = self.windows(xs[0].shape)
        image = steps.reshape(xs[0], windows.image)
        y = steps.pooling(image, self.operation.reduce, windows.size, windows.strides, windows.pads)
        return steps.reshape(y, self.output_shape(xs[0].shape))

    def backward(self, at: Buffers) -> None:
        self.operation.backward(self.windows(at.x.shape[1:]), at)


class Pooling1d(Pooling):
    """Pooling of sequences ``(rows, steps, channels)``, or ``(rows, steps)`` for one number a step."""

    pool_size: Annotated[Length, Meta(description="steps of a window")] = 2
    strides: Annotated[
        Length | None, Meta(description="distance from one window to the next; by default the size of a window")
    ] = None

    def windows(self, input_shape: Shape) -> Windows:
        image = sequence_shape(self.type_name(), input_shape)
        return Windows(image, (1, self.pool_size), (1, self.strides or self.pool_size), self.padding)

    def output_shape(self, input_shape: Shape) -> Shape:
        windows = self.windows(input_shape)
        windows.check(self.type_name(), "pool_size")
        return (windows.output[1], windows.image[2])


class Pooling2d(Pooling):
    """Pooling of images ``(rows, height, width, channels)``, or ``(rows, height, width)`` for grey ones."""

    pool_size: Annotated[Lengths, Meta(description="height and width of a window, or one number for both")] = 2
    strides: Annotated[
        Lengths | None, Meta(description="distance from one window to the next; by default the size of a window")
    ] = None

    def windows(self, input_shape: Shape) -> Windows:
        image, size = image_shape(self.type_name(), input_shape), pair(self.pool_size)
        return Windows(image, size, size if self.strides is None else pair(self.strides), self.padding)

    def output_shape(self, input_shape: Shape) -> Shape:
        windows = self.windows(input_shape)
        windows.check(self.type_name(), "pool_size")
        return (*windows.output, windows.image[2])


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
