from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from mltrain.data.base import DatasetSpec, RawArrays, RawData, RowSpec, Split
from mltrain.data.find_files import find_file
from mltrain.data.idx_format import read_idx
from mltrain.data.preprocessing import pixels
from mltrain.errors import DataError

MOST_BYTES = 2**31
"""Bytes of images that are read at most: forty times MNIST."""

_PATHS = ("images", "labels", "test_images", "test_labels")


class Idx(DatasetSpec):
    """Images and labels in the files of MNIST's relatives: Fashion-MNIST, KMNIST, EMNIST, and others like them.

    Images stay bytes, ``(rows, height, width)``; labels are int32 ``(rows,)``. Files may be gzip.
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {
            "images": "../data/mnist/t10k-images-idx3-ubyte.gz",
            "labels": "../data/mnist/t10k-labels-idx1-ubyte.gz",
            "test_split": 0.1,
        },
    )

    path_options: ClassVar[tuple[str, ...]] = _PATHS

    images: Annotated[str, Meta(description="the file of images (idx3), seen from the config's or the working folder")]
    labels: Annotated[str, Meta(description="the file of their labels (idx1)")]
    test_images: Annotated[str | None, Meta(description="a file of images for evaluate")] = None
    test_labels: Annotated[str | None, Meta(description="the file of their labels")] = None
    scale: Annotated[bool, Meta(description="give the network pixels from 0 to 1, not from 0 to 255")] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self.check_test_pair("test_images", "test_labels", "images")

    def read(self, seed: int, folder: Path) -> RawData:
        rows = _read(self.images, self.labels, folder)
        row_spec, test = _facts(rows), None
        if self.test_images and self.test_labels:
            test = _read(self.test_images, self.test_labels, folder)
            if _facts(test).input_shape != row_spec.input_shape:
                raise DataError(f"{self.test_images}: its images are of another size than those of {self.images}")
            if test.y.max() >= len(row_spec.classes or ()):
                raise DataError(f"{self.test_labels}: holds the label {test.y.max()}, which {self.labels} has not")
        return RawArrays(row_spec, rows, test, pixels(scale=self.scale))

    def with_absolute_paths(self, folder: Path) -> DatasetSpec:
        paths = {name: getattr(self, name) for name in _PATHS}
        return replace(self, **{name: str(find_file(path, folder).resolve()) for name, path in paths.items() if path})

    def without_paths(self) -> DatasetSpec:
        paths = {name: getattr(self, name) for name in _PATHS}
        return replace(self, **{name: Path(path).name for name, path in paths.items() if path})


def _facts(rows: Split) -> RowSpec:
    return RowSpec(rows.x.shape[1:], classes=tuple(map(str, range(int(rows.y.max()) + 1))))


def _read(images: str, labels: str, folder: Path) -> Split:
    images_path, labels_path = find_file(images, folder), find_file(labels, folder)
    x = read_idx(images_path, dimensions=3, at_most=MOST_BYTES)
    y = read_idx(labels_path, dimensions=1, at_most=MOST_BYTES)
    if len(x) != len(y):
        raise DataError(f"{images_path} holds {len(x):,} images, but {labels_path} holds {len(y):,} labels")
    return Split(x, y.astype(np.int32))
