"""Photographs of digits, made by formula: light, paper, ink and noise."""

import importlib

import numpy as np

HEIGHT, WIDTH, SIZE = 180, 240, 112
Y, X = np.mgrid[0:HEIGHT, 0:WIDTH] / ([[[HEIGHT]], [[WIDTH]]])

LIGHT = {
    "even": np.ones((HEIGHT, WIDTH)),
    "from the left": 1 - 0.6 * X,
    "in the middle": 1 - 0.9 * ((X - 0.5) ** 2 + (Y - 0.5) ** 2),
    "of a lamp": 0.55 + 0.45 * np.exp(-((X - 0.3) ** 2 + (Y - 0.4) ** 2) / 0.08),
    "with a shadow": 1 - 0.45 / (1 + np.exp(-60 * (X + 0.5 * Y - 0.75))),
}


def lines(spacing: int, slope: float, *, upright: bool = False) -> np.ndarray:
    """How much light the paper returns: printed lines of two pixels return two thirds."""
    along, across = (Y * HEIGHT, X * WIDTH) if upright else (X * WIDTH, Y * HEIGHT)
    return 1 - 0.35 * np.clip(1.5 - np.abs((across + slope * along) % spacing - spacing / 2), 0, 1)


PAPER = {
    "plain": np.ones((HEIGHT, WIDTH)),
    "ruled": lines(28, 0.05),
    "squared": lines(18, 0.0) * lines(18, 0.0, upright=True),
}


def photograph(digit: np.ndarray, light: str, paper: str, seed: int) -> np.ndarray:
    """The digit in dark ink, off the middle, with the noise of a camera."""
    image = importlib.import_module("PIL.Image")
    rng = np.random.default_rng(seed)
    ink = np.zeros((HEIGHT, WIDTH))
    top, left = rng.integers(20, HEIGHT - SIZE - 20), rng.integers(20, WIDTH - SIZE - 20)
    ink[top : top + SIZE, left : left + SIZE] = np.asarray(image.fromarray(digit).resize((SIZE, SIZE))) / 255
    shades = 215 * LIGHT[light] * PAPER[paper] * (1 - 0.75 * ink) + rng.normal(0, 3, ink.shape)
    return np.clip(shades, 0, 255).astype(np.uint8)
