"""What the datasets have in common whose y follows from one x by a formula."""

from pathlib import Path
from typing import Annotated

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.data.base import DatasetSpec, RawArrays, RawData, RowSpec, Split
from mltrain.data.float32 import check_number, to_float32
from mltrain.data.points import Points
from mltrain.errors import OptionError


class Curve(DatasetSpec):
    """Points on a curve, or around it. A member says how the curve runs.

    Both x and y are float32 ``(rows, 1)``.
    """

    x: Annotated[
        list[float] | Points,
        Meta(description="where the points are: a list of numbers, or how to place samples of them"),
    ]
    samples: Annotated[
        Annotated[int, Meta(ge=1)] | None, Meta(description="how many points, where x is not a list of them")
    ] = None
    noise_stddev: Annotated[
        float, Meta(ge=0, description="standard deviation of the normal random numbers that are added to y")
    ] = 0.0

    def true_function(self, x: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The y of each x, without noise."""
        raise NotImplementedError

    def __post_init__(self) -> None:
        super().__post_init__()
        if isinstance(self.x, Points):
            if self.samples is None:
                raise OptionError(("samples",), f"x is {self.x.type_name()}, so samples must say how many points")
            return
        if self.samples is not None:
            raise OptionError(("samples",), f"x lists its {len(self.x)} points itself; leave samples out")
        if not self.x:
            raise OptionError(("x",), "expected at least one number, got an empty list")
        for index, number in enumerate(self.x):
            check_number(number, ("x", index))

    def known_row_spec(self, folder: Path) -> RowSpec:
        return RowSpec(input_shape=(1,))

    def count(self) -> int:
        return len(self.x) if isinstance(self.x, list) else self.samples or 0

    def read(self, seed: int, folder: Path) -> RawData:
        rng = self.generator(seed, "data")
        with np.errstate(over="ignore", invalid="ignore"):  # to_float32 finds what comes of it
            x = self._points(rng)
            # Drawn even where it counts for nothing, so that more noise moves the same points, only further.
            y = self.true_function(x) + self.noise_stddev * rng.standard_normal(len(x))
        rows = Split(to_float32(x, "x")[:, None], to_float32(y, "y")[:, None])
        return RawArrays(self.known_row_spec(folder), rows)

    def _points(self, rng: np.random.Generator) -> npt.NDArray[np.float64]:
        if isinstance(self.x, Points):
            assert self.samples is not None
            return self.x.draw(self.samples, rng)
        return np.array(self.x, np.float64)
