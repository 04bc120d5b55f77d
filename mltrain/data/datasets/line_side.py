from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.data.base import DatasetSpec, RawArrays, RawData, RowSpec, Split
from mltrain.data.float32 import to_float32


class LineSide(DatasetSpec):
    """Random points in a square, to be told apart by a straight line: is a point above or below it?

    A row is the two coordinates of a point, float32, each from 0 to ``size``. Its class is 1, "above", where
    ``second > slope * first + intercept``, and 0, "below", elsewhere.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"slope": 1.2, "intercept": 50, "samples": 30, "size": 400, "test_split": 0.5},
    )

    slope: Annotated[float, Meta(description="how much the line rises where the first coordinate grows by 1")]
    intercept: Annotated[float, Meta(description="where the line meets the left edge of the square")]
    samples: Annotated[int, Meta(ge=1, description="how many points")]
    size: Annotated[float, Meta(gt=0, description="length of the square's edges; a corner of it is at 0, 0")]

    def known_row_spec(self, folder: Path) -> RowSpec:
        return RowSpec(input_shape=(2,), classes=("below", "above"))

    def count(self) -> int:
        return self.samples

    def read(self, seed: int, folder: Path) -> RawData:
        x = to_float32(self.size * self.generator(seed, "data").random((self.samples, 2)), "x")
        # Judged as the network sees them, so that rounding puts no point on the wrong side.
        first, second = x.astype(np.float64).T
        with np.errstate(over="ignore"):  # a line beyond all numbers is above, or below, all points
            above = second > self.true_boundary(first)
        return RawArrays(self.known_row_spec(folder), Split(x, above.astype(np.int32)))

    def true_boundary(self, first: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        return self.slope * first + self.intercept
