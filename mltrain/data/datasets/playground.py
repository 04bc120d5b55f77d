"""The dataset of TensorFlow Playground, and the numbers that its four pictures are made of."""

from collections.abc import Callable
from pathlib import Path
from typing import Annotated, Any, ClassVar, Literal, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec import Meta
from numpy.random import Generator

from mltrain.data.base import DatasetSpec, RawArrays, RawData, RowSpec, Split
from mltrain.data.float32 import to_float32

Shape = Literal["circle", "xor", "gaussian", "spiral"]


class Playground(DatasetSpec):
    """The four pictures of TensorFlow Playground: blue and orange points in a plane, to be told apart.

    A row is the two coordinates of a point, float32; class 0 is "orange", class 1 "blue". Of an odd number of samples,
    blue has one more where the shape makes both colours in equal number (all but xor).

    The formulas are those of https://github.com/tensorflow/playground/blob/master/src/dataset.ts. ``noise`` is in the
    unit of that code: the slider of the web page shows it times 100.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"shape": "circle", "samples": 20, "test_split": 0.5},
        {"shape": "xor", "samples": 21, "noise": 0.1},
        {"shape": "gaussian", "samples": 20, "noise": 0.5},
        {"shape": "spiral", "samples": 21, "noise": 0.2, "validation_split": 0.2},
    )

    shape: Annotated[
        Shape,
        Meta(
            description="circle: a disc in a ring; xor: four squares, those across from each other of one colour;"
            " gaussian: two clouds; spiral: two arms around each other"
        ),
    ]
    samples: Annotated[int, Meta(ge=1, description="how many points, of both colours together")] = 500
    noise: Annotated[
        float,
        Meta(
            ge=0,
            le=0.5,
            description="how far the colours run into each other; the slider of TensorFlow Playground divided by 100",
        ),
    ] = 0.0

    def known_row_spec(self, folder: Path) -> RowSpec:
        return RowSpec(input_shape=(2,), classes=("orange", "blue"))

    def count(self) -> int:
        return self.samples

    def read(self, seed: int, folder: Path) -> RawData:
        rng = self.generator(seed, "data")
        picture = SHAPES[self.shape](self.samples, self.noise, rng)
        # The colours come one after the other, and a batch should have both even where training does not shuffle.
        order = rng.permutation(self.samples)
        x = to_float32(picture.points[order], "x")
        return RawArrays(self.known_row_spec(folder), Split(x, picture.blue[order].astype(np.int32)))


class Picture(NamedTuple):
    """Points, float64 ``(samples, 2)``, and whether each is blue, bool ``(samples,)``."""

    points: npt.NDArray[np.float64]
    blue: npt.NDArray[np.bool_]


RADIUS = 5.0
"""Half the edge of the playground's square."""


def circle(samples: int, noise: float, rng: Generator) -> Picture:
    """A blue disc within half the radius, an orange ring from 0.7 of it.

    Noise moves points before their colour is read.
    """
    inside = _half(samples)
    distance = RADIUS * np.concatenate([rng.uniform(0, 0.5, inside), rng.uniform(0.7, 1, samples - inside)])
    points = _around(distance, rng.uniform(0, 2 * np.pi, samples))
    judged = points + _shift(samples, noise, rng)
    return Picture(points, np.hypot(judged[:, 0], judged[:, 1]) < 0.5 * RADIUS)


def xor(samples: int, noise: float, rng: Generator) -> Picture:
    """Blue where both coordinates have one sign, orange elsewhere, and a gap of 0.3 on either side of the axes.

    Noise moves points before their colour is read.
    """
    points = rng.uniform(-RADIUS, RADIUS, (samples, 2))
    points += np.where(points > 0, 0.3, -0.3)
    judged = points + _shift(samples, noise, rng)
    return Picture(points, judged[:, 0] * judged[:, 1] >= 0)


def gaussian(samples: int, noise: float, rng: Generator) -> Picture:
    """A normal cloud of blue around 2, 2, one of orange around -2, -2; noise takes their variance from 0.5 to 4."""
    blue = np.arange(samples) < _half(samples)
    variance = 0.5 + (4 - 0.5) * noise / 0.5
    centres = np.where(blue, 2.0, -2.0)[:, None]
    return Picture(centres + np.sqrt(variance) * rng.standard_normal((samples, 2)), blue)


def spiral(samples: int, noise: float, rng: Generator) -> Picture:
    """Two arms of one and three quarters of a turn, half a turn apart; each coordinate is off by up to ``noise``."""
    blue = np.arange(samples) < _half(samples)
    arm = samples / 2
    along = np.where(blue, np.arange(samples), np.arange(samples) - _half(samples)) / arm
    angle = 1.75 * along * 2 * np.pi + np.where(blue, 0, np.pi)
    return Picture(_around(RADIUS * along, angle) + noise * rng.uniform(-1, 1, (samples, 2)), blue)


SHAPES: dict[Shape, Callable[[int, float, Generator], Picture]] = {
    "circle": circle,
    "xor": xor,
    "gaussian": gaussian,
    "spiral": spiral,
}


def _half(samples: int) -> int:
    return (samples + 1) // 2


def _around(distance: npt.NDArray[np.float64], angle: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
    """Points at a distance from the centre; angles count clockwise from the top, as the playground's do."""
    return distance[:, None] * np.stack([np.sin(angle), np.cos(angle)], axis=1)


def _shift(samples: int, noise: float, rng: Generator) -> npt.NDArray[np.float64]:
    return noise * rng.uniform(-RADIUS, RADIUS, (samples, 2))
