"""Draws a folder of 60 small images in colour, 20 each of moons, stars and suns, in place of photographs of your own.

    python docs/make_photographs.py photos

Each image has a size, a sky, a place and a shade of its own, all by formula from one seed. It takes Pillow.
"""

import sys
from pathlib import Path

import numpy as np
from PIL import Image

KINDS, COUNT = ("moon", "star", "sun"), 20


def covered(kind: str, x: np.ndarray, y: np.ndarray, turn: float) -> np.ndarray:
    """Whether the shape, of radius 1 around (0, 0), covers each point."""
    radius, angle = np.hypot(x, y), np.arctan2(y, x) + turn
    if kind == "moon":
        return (radius < 1) & (np.hypot(x - 0.55 * np.cos(turn), y - 0.55 * np.sin(turn)) > 0.8)
    if kind == "star":  # five points: the radius falls and rises again in each fifth of the circle
        return radius < 0.4 + 0.6 * np.abs(np.mod(angle * 5 / (2 * np.pi), 1) * 2 - 1) ** 1.5
    return (radius < 0.6) | ((radius < 1) & (np.cos(12 * angle) > 0.4) & (radius > 0.72))


def image(kind: str, rng: np.random.Generator) -> np.ndarray:
    """One image, ``(height, width, 3)``."""
    height, width = rng.integers(44, 73, 2)
    y, x = np.mgrid[0:height, 0:width]
    radius = min(height, width) * rng.uniform(0.3, 0.42)
    middle = [length / 2 + rng.uniform(-1, 1) * (length / 2 - radius) for length in (height, width)]
    sky = rng.uniform((20, 30, 80), (60, 80, 160)) * (0.7 + 0.6 * y[..., None] / height)
    shape = covered(kind, (x - middle[1]) / radius, (y - middle[0]) / radius, rng.uniform(0, 2 * np.pi))
    colours = np.where(shape[..., None], rng.uniform((220, 180, 60), (255, 230, 140)), sky)
    return np.clip(colours + rng.normal(0, 6, colours.shape), 0, 255).astype(np.uint8)


def make(folder: Path) -> None:
    """Write all images, each kind into a folder of its own."""
    rng = np.random.default_rng(0)
    for kind in KINDS:
        (folder / kind).mkdir(parents=True)
        for number in range(COUNT):
            Image.fromarray(image(kind, rng)).save(folder / kind / f"{number:02}.png")


if __name__ == "__main__":
    make(Path(sys.argv[1]))
