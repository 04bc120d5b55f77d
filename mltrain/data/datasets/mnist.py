from typing import ClassVar

from mltrain.data.datasets._like_mnist import LikeMnist, idx_file
from mltrain.data.published import Publication


class Mnist(LikeMnist):
    """60,000 handwritten digits to learn from and 10,000 to test with: images of 28 x 28 pixels.

    Images stay bytes, ``(rows, 28, 28)``, 0 for paper and 255 for ink; labels are int32 ``(rows,)``. The four files are
    looked for at ``path``, in data/mnist beside the config or one folder up, in data/mnist below the working folder,
    and where earlier downloads are kept; if they are nowhere, they are downloaded, unless MLTRAIN_OFFLINE is set.
    LeCun, Cortes and Burges, http://yann.lecun.com/exdb/mnist/
    """

    class_names: ClassVar[tuple[str, ...]] = tuple("0123456789")
    # Sums of the content, so that they are right for the files of this repository, too, which were compressed anew.
    publication: ClassVar[Publication] = Publication(
        title="MNIST",
        folder="mnist",
        mirrors=(
            "https://ossci-datasets.s3.amazonaws.com/mnist/",
            "https://storage.googleapis.com/cvdf-datasets/mnist/",
        ),
        files=(
            idx_file(
                "train-images-idx3-ubyte",
                47_040_016,
                "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db",
                of_content=True,
            ),
            idx_file(
                "train-labels-idx1-ubyte",
                60_008,
                "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5",
                of_content=True,
            ),
            idx_file(
                "t10k-images-idx3-ubyte",
                7_840_016,
                "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7",
                of_content=True,
            ),
            idx_file(
                "t10k-labels-idx1-ubyte",
                10_008,
                "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2",
                of_content=True,
            ),
        ),
        megabytes=11.6,
    )
