"""Image files -> arrays of bytes, by Pillow."""

import warnings
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.errors import DataError
from mltrain.system.extras import needed
from mltrain.system.safe_open import open_file

ENDINGS, FORMATS = (".png", ".jpg", ".jpeg"), ("PNG", "JPEG")

MOST_PIXELS = 2**24
"""Pixels of an image that is read; in memory, each takes some bytes, however few the file has."""

_LARGE = (1024, 1024)
"""Width and height up to which a larger image is made smaller, so that looking at it takes no long time."""

Pixels = npt.NDArray[np.uint8]

_FAINTEST = 0.2
"""Share of the darkest ink below which a pixel is paper: photographs have shadows."""

_BOX = 20 / 28
"""How much of an image's side MNIST's digits fill."""


def read_picture(path: Path | str, height: int, width: int, *, colour: bool) -> Pixels:
    """An image of that size: ``(height, width)`` in grey, or ``(height, width, 3)``. Raises `DataError`."""
    picture = _open(path, "RGB" if colour else "L")
    return np.asarray(picture.resize((width, height)), np.uint8)


def read_digit(path: Path | str, height: int, width: int) -> Pixels:
    """A digit as MNIST has them, ``(height, width)``: ink 255 on paper 0, in a box of its own, centred by its mass.

    The image may have any size, dark ink on light paper or light on dark. Raises `DataError`.
    http://yann.lecun.com/exdb/mnist/ describes how MNIST was made.
    """
    image = _module()
    picture = _open(path, "L")
    picture.thumbnail(_LARGE)
    grey = np.asarray(picture, np.float64)
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    paper = np.median(edge)
    ink = np.abs(grey - paper)
    ink = np.where(ink > _FAINTEST * ink.max(), ink, 0.0)
    if not ink.any():
        raise DataError(f"{path}: there is nothing to be seen on the image; all of it has one shade")
    rows, columns = np.flatnonzero(ink.any(axis=1)), np.flatnonzero(ink.any(axis=0))
    digit = ink[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
    factor = min(height * _BOX / digit.shape[0], width * _BOX / digit.shape[1])
    tall, wide = (max(1, round(length * factor)) for length in digit.shape)
    small = image.fromarray((digit * (255 / digit.max())).astype(np.uint8)).resize((wide, tall))
    drawn = np.asarray(small, np.float64)
    drawn *= 255 / max(1.0, drawn.max())
    top = _start(drawn.sum(axis=1), height)
    left = _start(drawn.sum(axis=0), width)
    centred = np.zeros((height, width), np.uint8)
    centred[top : top + tall, left : left + wide] = drawn.astype(np.uint8)
    return centred


def _start(mass: npt.NDArray[np.float64], length: int) -> int:
    """Where a row of masses begins if their centre is to be that of a side of ``length``, and all are to be on it."""
    centre = float((np.arange(len(mass)) + 0.5) @ mass / mass.sum())
    return int(np.clip(round(length / 2 - centre), 0, length - len(mass)))


def _module() -> Any:
    return needed("PIL.Image", "reading images", "images")


def _open(path: Path | str, mode: str) -> Any:
    """The image as ``RGB`` or ``L`` (grey); what is transparent shows white paper."""
    image = _module()
    try:
        # Pillow warns of images that it takes for bombs, of damaged ones, too; and it complains in many ways.
        with (
            warnings.catch_warnings(action="error"),
            open_file(path) as file,
            image.open(file, formats=FORMATS) as opened,
        ):
            opened.draft(mode, _LARGE)  # a large JPEG is read as a smaller one; for other formats, this does nothing
            if opened.width * opened.height > MOST_PIXELS:
                raise DataError(f"{path}: {opened.width:,} x {opened.height:,} pixels are too many; make it smaller")
            if not opened.has_transparency_data:
                return opened.convert(mode)
            paper = image.new("RGBA", opened.size, "white")
            paper.alpha_composite(opened.convert("RGBA"))
            return paper.convert(mode)
    except FileNotFoundError:
        raise DataError(f"{path}: there is no such file") from None
    except DataError:
        raise
    except Exception as error:
        why = (isinstance(error, OSError) and error.strerror) or error
        raise DataError(f"{path}: cannot be read as an image: {why}") from None
