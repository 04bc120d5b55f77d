"""Drawn shapes: a dataset of images that is made by formula, so that nothing has to be downloaded."""

from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
import numpy.typing as npt
from msgspec import Meta
from numpy.random import Generator

from mltrain.data.base import DatasetSpec, RawArrays, RawData, RowSpec, Split
from mltrain.data.preprocessing import pixels

NAMES = ("circle", "square", "triangle")

SMALLEST, LARGEST = 0.12, 0.25
"""The radius of a shape, as a share of the image's side."""

Coordinates = npt.NDArray[np.float64]


class Shapes(DatasetSpec):
    """Circles, squares and triangles, white on black, anywhere in the image and of any size: which is which?

    Images are bytes, ``(rows, size, size)``, 0 for black and 255 for white; classes are circle, square and triangle.
    The three have the same area at the same size, so that counting white pixels does not help.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"samples": 12},
        {"samples": 20, "size": 12, "noise": 0.2, "validation_split": 0.25},
    )

    samples: Annotated[int, Meta(ge=1, description="how many images")] = 3000
    size: Annotated[int, Meta(ge=8, le=256, description="height and width of an image, in pixels")] = 28
    noise: Annotated[
        float, Meta(ge=0, le=1, description="standard deviation of random grey that is added; white is 1")
    ] = 0.0

    def known_row_spec(self, folder: Path) -> RowSpec:
        return RowSpec(input_shape=(self.size, self.size), classes=NAMES)

    def count(self) -> int:
        return self.samples

    def read(self, seed: int, folder: Path) -> RawData:
        rng = self.generator(seed, "data")
        labels = rng.integers(len(NAMES), size=self.samples).astype(np.int32)
        images = np.empty((self.samples, self.size, self.size), np.uint8)
        for image, label in zip(images, labels, strict=True):
            image[...] = self._drawn(int(label), rng)
        return RawArrays(self.known_row_spec(folder), Split(images, labels), preprocessing=pixels(scale=True))

    def _drawn(self, label: int, rng: Generator) -> npt.NDArray[np.uint8]:
        radius = self.size * rng.uniform(SMALLEST, LARGEST)
        # The largest shape reaches 1.56 radii from its centre: the corners of the triangle.
        reach = min(1.56 * radius, (self.size - 1) / 2)
        middle_y, middle_x = rng.uniform(reach, self.size - 1 - reach, 2)
        places = np.arange(self.size, dtype=np.float64)
        y, x = (places - middle_y)[:, None] / radius, (places - middle_x) / radius
        # The border is as soft as a pixel is wide.
        grey = np.clip(0.5 - radius * distance(label, y, x), 0, 1)
        if self.noise:
            grey = np.clip(grey + self.noise * rng.standard_normal(grey.shape), 0, 1)
        return np.round(255 * grey).astype(np.uint8)


def distance(label: int, y: Coordinates, x: Coordinates) -> Coordinates:
    """About how far a place is outside of a shape of area pi around 0, in radii; below 0 inside. ``y`` grows down."""
    if label == 0:
        return np.hypot(y, x) - 1
    if label == 1:
        return np.maximum(np.abs(y), np.abs(x)) - np.sqrt(np.pi) / 2
    # Equilateral, with one corner up: three lines at the same distance from the centre.
    inner = np.sqrt(np.pi / (3 * np.sqrt(3)))
    slanted = np.sqrt(3) / 2 * np.abs(x) - y / 2
    return np.maximum(np.broadcast_to(y, slanted.shape), slanted) - inner
