from pathlib import Path
from typing import ClassVar

import numpy as np

from mltrain.data.base import Split
from mltrain.data.cifar_format import CHANNELS, SIDE, read_cifar
from mltrain.data.datasets._published import Published
from mltrain.data.published import File, Publication
from mltrain.errors import DataError

_TRAINING = tuple(f"data_batch_{number}.bin" for number in range(1, 6))
_TEST = "test_batch.bin"


class Cifar10(Published):
    """50,000 photographs in ten classes to learn from and 10,000 to test with: 32 x 32 pixels in colour.

    Images stay bytes, ``(rows, 32, 32, 3)``: red, green and blue; labels are int32 ``(rows,)``. The archive
    cifar-10-binary.tar.gz, or its folder cifar-10-batches-bin, is looked for at ``path``, in data/cifar10 beside the
    config or one folder up, in data/cifar10 below the working folder, and where earlier downloads are kept; if it is
    nowhere, it is downloaded, unless MLTRAIN_OFFLINE is set.
    Krizhevsky, Learning Multiple Layers of Features from Tiny Images, 2009, https://www.cs.toronto.edu/~kriz/cifar.html
    """

    input_shape: ClassVar[tuple[int, ...]] = (SIDE, SIDE, CHANNELS)
    class_names: ClassVar[tuple[str, ...]] = (
        "airplane",
        "automobile",
        "bird",
        "cat",
        "deer",
        "dog",
        "frog",
        "horse",
        "ship",
        "truck",
    )
    # Size and sum are those of TensorFlow Datasets (url_checksums/cifar10.txt) for the file of the first mirror, whose
    # MD5 sum is on the page of its author. The second mirror is another server of his university, with the same sum.
    # The third is that of the datasets of Swift for TensorFlow; nobody has published the sum of the file there: the sum
    # decides whether it is the same.
    publication: ClassVar[Publication] = Publication(
        title="CIFAR-10",
        folder="cifar10",
        mirrors=(
            "https://www.cs.toronto.edu/~kriz/",
            "https://cave.cs.toronto.edu/kriz/",
            "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/CIFAR10/",
        ),
        files=(
            File(
                "cifar-10-binary.tar.gz",
                170_052_171,
                "c4a38c50a1bc5f3a1c5537f2155ab9d68f9f25eb1ed8d9ddda3db29a59bca1dd",
                holds=tuple(f"cifar-10-batches-bin/{name}" for name in (*_TRAINING, _TEST)),
            ),
        ),
        megabytes=170.1,
    )

    def read_rows(self, place: Path) -> tuple[Split, Split]:
        parts = read_cifar(self.publication.files[0].find(place), (*_TRAINING, _TEST))
        wrong = next(((name, y.max()) for name, (_, y) in parts.items() if y.max() >= len(self.class_names)), None)
        if wrong:
            raise DataError(f"{place}: {wrong[0]} holds the label {wrong[1]}; CIFAR-10's are 0 to 9")
        x, y = (np.concatenate(arrays) for arrays in zip(*(parts[name] for name in _TRAINING), strict=True))
        test_x, test_y = parts[_TEST]
        return Split(x, y.astype(np.int32)), Split(test_x, test_y.astype(np.int32))
