from typing import ClassVar

from mltrain.data.datasets._like_mnist import LikeMnist, idx_file
from mltrain.data.published import Publication


class Kmnist(LikeMnist):
    """60,000 characters of old Japanese books to learn from and 10,000 to test with: images of 28 x 28 pixels.

    Images stay bytes, ``(rows, 28, 28)``, 0 for paper and 255 for ink; labels are int32 ``(rows,)``. The classes are
    called as the ten hiragana are read. The four files have the names of MNIST's, and are looked for in the same
    places, in folders called data/kmnist; if they are nowhere, they are downloaded, unless MLTRAIN_OFFLINE is set.
    CC BY-SA 4.0. Clanuwat and others, https://github.com/rois-codh/kmnist
    """

    class_names: ClassVar[tuple[str, ...]] = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
    # Sizes and sums are those of TensorFlow Datasets (url_checksums/kmnist.txt) for the files of the first mirror;
    # torchvision's prototype of KMNIST has the same sums. The second mirror is that of the datasets of Swift for
    # TensorFlow. Nobody has published sums of the files there: the sums decide whether they are the same.
    publication: ClassVar[Publication] = Publication(
        title="KMNIST",
        folder="kmnist",
        mirrors=(
            "http://codh.rois.ac.jp/kmnist/dataset/kmnist/",
            "https://storage.googleapis.com/s4tf-hosted-binaries/datasets/KMNIST/",
        ),
        files=(
            idx_file(
                "train-images-idx3-ubyte",
                18_165_135,
                "51467d22d8cc72929e2a028a0428f2086b092bb31cfb79c69cc0a90ce135fde4",
            ),
            idx_file(
                "train-labels-idx1-ubyte", 29_497, "e38f9ebcd0f3ebcdec7fc8eabdcdaef93bb0df8ea12bee65224341c8183d8e17"
            ),
            idx_file(
                "t10k-images-idx3-ubyte", 3_041_136, "edd7a857845ad6bb1d0ba43fe7e794d164fe2dce499a1694695a792adfac43c5"
            ),
            idx_file(
                "t10k-labels-idx1-ubyte", 5_120, "20bb9a0ef54c7db3efc55a92eef5582c109615df22683c380526788f98e42a1c"
            ),
        ),
        megabytes=21.2,
    )
