"""Four files of MNIST's form with a handful of images, for tests that are not about the real ones."""

import gzip
import struct
from pathlib import Path

import numpy as np

from mltrain.data.datasets.mnist import Mnist

LABELS, TEST_LABELS = [5, 0, 4, 1, 9, 2], [7, 2, 1]


def idx(array: np.ndarray) -> bytes:
    """An IDX file, uncompressed."""
    return bytes([0, 0, 8, array.ndim]) + struct.pack(f">{array.ndim}I", *array.shape) + array.tobytes()


def tiny_images(first: int = 0) -> np.ndarray:
    """As many images as there are ``LABELS``; the first is full of the byte ``first``, by which tests know a copy."""
    images = np.random.default_rng(1).integers(0, 256, (len(LABELS), 28, 28), np.uint8)
    images[0] = first
    return images


def tiny_files(first: int = 0) -> dict[str, bytes]:
    """The four files, uncompressed, by name."""
    images = tiny_images(first)
    arrays = [images, np.array(LABELS, np.uint8), images[: len(TEST_LABELS)], np.array(TEST_LABELS, np.uint8)]
    return {file.holds[0]: idx(array) for file, array in zip(Mnist.publication.files, arrays, strict=True)}


def put_files(folder: Path, first: int = 0) -> Path:
    """Write the four files into a folder, compressed."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in tiny_files(first).items():
        (folder / f"{name}.gz").write_bytes(gzip.compress(content))
    return folder
