from typing import ClassVar

from mltrain.data.datasets._like_mnist import LikeMnist, idx_file
from mltrain.data.published import Publication


class FashionMnist(LikeMnist):
    """60,000 pictures of clothes to learn from and 10,000 to test with, in ten classes: images of 28 x 28 pixels.

    Images stay bytes, ``(rows, 28, 28)``, 0 for the background; labels are int32 ``(rows,)``. The four files have the
    names of MNIST's, and are looked for in the same places, in folders called data/fashion_mnist; if they are nowhere,
    they are downloaded, unless MLTRAIN_OFFLINE is set. MIT licence.
    Xiao, Rasul and Vollgraf, https://github.com/zalandoresearch/fashion-mnist
    """

    class_names: ClassVar[tuple[str, ...]] = (
        "T-shirt/top",
        "Trouser",
        "Pullover",
        "Dress",
        "Coat",
        "Sandal",
        "Shirt",
        "Sneaker",
        "Bag",
        "Ankle boot",
    )
    # Sizes and sums are those of TensorFlow Datasets (url_checksums/fashion_mnist.txt) for the files of the first
    # mirror; torchvision's prototype of FashionMNIST has the same sums. The second mirror is the authors' repository,
    # whose README gives the MD5 sums that torchvision has for the first.
    publication: ClassVar[Publication] = Publication(
        title="Fashion-MNIST",
        folder="fashion_mnist",
        mirrors=(
            "http://fashion-mnist.s3-website.eu-central-1.amazonaws.com/",
            "https://raw.githubusercontent.com/zalandoresearch/fashion-mnist/master/data/fashion/",
        ),
        files=(
            idx_file(
                "train-images-idx3-ubyte",
                26_421_880,
                "3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84",
            ),
            idx_file(
                "train-labels-idx1-ubyte", 29_515, "a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"
            ),
            idx_file(
                "t10k-images-idx3-ubyte", 4_422_102, "346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"
            ),
            idx_file(
                "t10k-labels-idx1-ubyte", 5_148, "67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"
            ),
        ),
        megabytes=30.9,
    )
