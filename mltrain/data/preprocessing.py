"""What was done to the rows between their source and the network: the one description that a model keeps of it.

It is learned on the rows that are trained on, and on no others; it is stored in the model file as JSON; and whoever
shows rows to the network (training, evaluation, prediction) applies this and nothing else::

    cells of a table --table--> x, y as the dataset gives them --inputs, targets--> what the network sees

``inputs`` is applied a window of rows at a time, in `mltrain.backends.numpy.window`, so that images stay bytes in
memory.
"""

from functools import cached_property
from typing import TYPE_CHECKING, Any

import msgspec
import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from mltrain.data.tables.format import TableFormat
else:  # `Preprocessing` reads it: without a table, there is no need for the readers of columns
    TableFormat = Any

Floats = npt.NDArray[np.float32]


class Scaling(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, dict=True):
    """Numbers as the network sees them: ``(x - shift) * scale``. Each is one number, or one for each feature."""

    scale: float | tuple[float, ...] = 1.0
    shift: float | tuple[float, ...] = 0.0

    @property
    def is_identity(self) -> bool:
        """Whether numbers stay as they are."""
        return self.scale == 1.0 and self.shift == 0.0

    @cached_property
    def _numbers(self) -> tuple[Any, Any]:
        return np.array(self.shift, np.float32), np.array(self.scale, np.float32)

    def fits(self, width: int) -> bool:
        """Whether rows of so many numbers can be scaled so, and scaled back: no scale is 0, and all are finite."""
        with np.errstate(over="ignore"):
            shift, scale = self._numbers
        right = {shift.size, scale.size} <= {1, width} and shift.ndim <= 1 >= scale.ndim
        return bool(right and np.isfinite(shift).all() and np.isfinite(scale).all() and scale.all())

    def apply(self, x: npt.NDArray[Any], out: Floats) -> None:
        """Write the scaled ``x``, ``(rows, ...)``, which may be bytes, into ``out``; both may be the same array."""
        shift, scale = self._numbers
        if x is not out:
            np.copyto(out, x, casting="unsafe")  # with the first operation, conversion takes longer than on its own
        if self.shift != 0.0:
            np.subtract(out, shift, out=out)
        if self.scale != 1.0:
            np.multiply(out, scale, out=out)

    def applied(self, x: npt.NDArray[Any]) -> Floats:
        """The scaled ``x``, float32, in an array of its own."""
        out = np.empty(x.shape, np.float32)
        self.apply(x, out)
        return out

    def undone(self, y: Floats) -> Floats:
        """The numbers whose scaled form is ``y``; ``y`` itself where scaling does nothing."""
        if self.is_identity:
            return y
        shift, scale = self._numbers
        return y / scale + shift


class Preprocessing(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """All that happens to a row: how a table's cells become ``x``, and how inputs and targets are scaled.

    ``table`` is None where rows do not come from a table. ``targets`` counts only where the loss compares numbers; what
    the network says is scaled back for people.
    """

    inputs: Scaling = Scaling()
    targets: Scaling = Scaling()
    table: TableFormat | None = None

    def __post_init__(self) -> None:
        if isinstance(self.table, dict):  # as a model file has it
            from mltrain.data.tables.format import TableFormat

            msgspec.structs.force_setattr(self, "table", msgspec.convert(self.table, TableFormat))
        elif self.table is not None and not isinstance(self.table, msgspec.Struct):
            raise ValueError("Expected `object | null` - at `$.table`")

    def fits(self, input_shape: tuple[int, ...], outputs: int) -> bool:
        """Whether rows of that shape, with so many targets, can be scaled so, there and back."""
        if self.table and (input_shape != (len(self.table.features),) or len(self.table.targets) != outputs):
            return False
        return self.inputs.fits(input_shape[-1]) and self.targets.fits(outputs)


AS_IS = Preprocessing()
"""Nothing is done."""


def pixels(*, scale: bool) -> Preprocessing:
    """What is done to images of bytes: 0 to 255 becomes 0 to 1 if ``scale`` says so."""
    return Preprocessing(inputs=Scaling(scale=1 / 255 if scale else 1.0))
