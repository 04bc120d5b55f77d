"""MNIST as the peers take it: rows of 784 floats from 0 to 1, and class numbers."""

import gzip
from typing import Any

from benchmarks.processes import ROOT

PIXELS, CLASSES = 784, 10
_IMAGES_HEADER, _LABELS_HEADER = 16, 8


def training_rows() -> tuple[Any, Any]:
    """60,000 images, float32, and their labels, int64."""
    return _rows("train")


def test_rows() -> tuple[Any, Any]:
    """10,000 images, float32, and their labels, int64."""
    return _rows("t10k")


def _rows(part: str) -> tuple[Any, Any]:
    import numpy as np

    def numbers(name: str, header: int) -> Any:
        packed = (ROOT / f"data/mnist/{part}-{name}-ubyte.gz").read_bytes()
        return np.frombuffer(gzip.decompress(packed), np.uint8, offset=header)

    images = numbers("images-idx3", _IMAGES_HEADER).reshape(-1, PIXELS).astype(np.float32) / 255
    return images, numbers("labels-idx1", _LABELS_HEADER).astype(np.int64)
