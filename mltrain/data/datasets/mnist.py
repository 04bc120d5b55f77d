from pathlib import Path
from typing import Annotated

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

from mltrain.data import mnist_files
from mltrain.data.base import DatasetSpec, Progress, RawArrays, RawData, RowSpec, Split
from mltrain.data.idx_format import read_idx
from mltrain.data.mnist_files import TEST_IMAGES, TEST_LABELS, TRAINING_IMAGES, TRAINING_LABELS, File
from mltrain.data.preprocessing import pixels
from mltrain.errors import DataError, OptionError

SIDE, CLASSES = 28, 10


class Mnist(DatasetSpec):
    """60,000 handwritten digits to learn from and 10,000 to test with: images of 28 x 28 pixels.

    Images stay bytes, ``(rows, 28, 28)``, 0 for paper and 255 for ink; labels are int32 ``(rows,)``. The four files are
    looked for at ``path``, in data/mnist beside the config or one folder up, in data/mnist below the working folder,
    and where earlier downloads are kept; if they are nowhere, they are downloaded, unless MLTRAIN_OFFLINE is set.
    LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/
    """

    path: Annotated[
        str | None,
        Meta(description="the folder to look in first, seen from the config's folder or from the working folder"),
    ] = None
    scale: Annotated[
        bool, Meta(description="give the network pixels from 0 to 1, with which it learns better than from 0 to 255")
    ] = True

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.test_split:
            raise OptionError(
                ("test_split",), "mnist has a test set of its own, of 10,000 images; leave test_split out"
            )

    def known_row_spec(self, folder: Path) -> RowSpec:
        return RowSpec(input_shape=(SIDE, SIDE), classes=tuple(map(str, range(CLASSES))))

    def read(self, seed: int, folder: Path) -> RawData:
        self.fetch(folder)
        place = mnist_files.find(self.path, folder)
        assert place is not None
        rows = _rows(place, TRAINING_IMAGES, TRAINING_LABELS)
        test = _rows(place, TEST_IMAGES, TEST_LABELS)
        return RawArrays(self.known_row_spec(folder), rows, test, pixels(scale=self.scale))

    def with_absolute_paths(self, folder: Path) -> DatasetSpec:
        place = mnist_files.find(self.path, folder)
        return self if place is None else replace(self, path=str(place))

    def without_paths(self) -> DatasetSpec:
        return replace(self, path=None)

    def download_notice(self, folder: Path) -> str | None:
        if mnist_files.find(self.path, folder) is not None:
            return None
        if mnist_files.offline():
            forbidden = f"{mnist_files.OFFLINE_VARIABLE} forbids downloading it"
            raise DataError(f"MNIST is nowhere to be found, and {forbidden}\n{self._advice(folder)}")
        return f"MNIST would be downloaded to {mnist_files.downloads()} ({mnist_files.MEGABYTES} MB)"

    def fetch(self, folder: Path, progress: Progress | None = None) -> bool:
        if mnist_files.find(self.path, folder) is not None:
            return False
        try:
            mnist_files.fetch(mnist_files.downloads(), progress)
        except DataError as error:
            raise DataError(f"MNIST is nowhere to be found, and {error}\n{self._advice(folder)}") from error
        return True

    def _advice(self, folder: Path) -> str:
        lines = ["Looked in:"]
        for place in mnist_files.places(self.path, folder):
            lacking = [file.compressed for file in mnist_files.lacking(place)]
            some = len(lacking) < len(mnist_files.FILES)
            lines.append(f"  {place}" + (f" (lacks {', '.join(lacking)})" if some else ""))
        names = ", ".join(file.compressed for file in mnist_files.FILES)
        return "\n".join([*lines, f"To do without a download, put these files into one of them: {names}"])


def _rows(place: Path, images: File, labels: File) -> Split:
    images_path, labels_path = images.find(place), labels.find(place)
    assert images_path is not None
    assert labels_path is not None
    try:
        x = read_idx(images_path, dimensions=3, at_most=images.size)
        y = read_idx(labels_path, dimensions=1, at_most=labels.size)
        if x.shape[1:] != (SIDE, SIDE):
            height, width = x.shape[1:]
            raise DataError(f"{images_path} holds images of {height} x {width} pixels, not {SIDE} x {SIDE}")
        if len(x) != len(y):
            raise DataError(f"{images_path} holds {len(x):,} images, but {labels_path} holds {len(y):,} labels")
        if y.max() >= CLASSES:
            raise DataError(f"{labels_path} holds the label {y.max()}; MNIST's are 0 to {CLASSES - 1}")
    except DataError as error:
        advice = "put the right file in its place, or delete it, and MNIST is looked for elsewhere or downloaded"
        raise DataError(f"{error}; {advice}") from error
    return Split(x, y.astype(np.int32))
