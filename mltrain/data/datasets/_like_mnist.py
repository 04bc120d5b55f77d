"""Images of 28 x 28 in the four IDX files in which MNIST is published, and the datasets made to take its place."""

from pathlib import Path
from typing import ClassVar

import numpy as np

from mltrain.data.base import Split
from mltrain.data.datasets._published import Published
from mltrain.data.idx_format import read_idx
from mltrain.data.published import File
from mltrain.errors import DataError

SIDE = 28
TRAINING_ROWS = 60_000


def idx_file(name: str, size: int, sha256: str, *, of_content: bool = False) -> File:
    """An IDX file that is downloaded as gzip."""
    return File(f"{name}.gz", size, sha256, (name,), of_content)


class LikeMnist(Published):
    """The files of the publication are, in this order, images and labels to learn from, and images and labels to test.

    Images become uint8 ``(rows, 28, 28)``, and labels int32 ``(rows,)``.
    """

    input_shape: ClassVar[tuple[int, ...]] = (SIDE, SIDE)

    def read_rows(self, place: Path) -> tuple[Split, Split]:
        (images,), (labels,), (test_images,), (test_labels,) = (file.find(place) for file in self.publication.files)
        return self._rows(images, labels, TRAINING_ROWS), self._rows(test_images, test_labels, self.test_rows)

    def _rows(self, images: Path, labels: Path, at_most: int) -> Split:
        x = read_idx(images, dimensions=3, at_most=_file_size(at_most, SIDE, SIDE))
        y = read_idx(labels, dimensions=1, at_most=_file_size(at_most))
        if x.shape[1:] != (SIDE, SIDE):
            height, width = x.shape[1:]
            raise DataError(f"{images} holds images of {height} x {width} pixels, not {SIDE} x {SIDE}")
        if len(x) != len(y):
            raise DataError(f"{images} holds {len(x):,} images, but {labels} holds {len(y):,} labels")
        if y.max() >= len(self.class_names):
            known = f"{self.publication.title}'s are 0 to {len(self.class_names) - 1}"
            raise DataError(f"{labels} holds the label {y.max()}; {known}")
        return Split(x, y.astype(np.int32))


def _file_size(*shape: int) -> int:
    """The bytes of an IDX file of that shape, with its header."""
    return 4 + 4 * len(shape) + int(np.prod(shape))
