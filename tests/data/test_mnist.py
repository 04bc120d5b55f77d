import gzip
import hashlib
from pathlib import Path

import numpy as np
import pytest
from tiny_mnist import LABELS, TEST_LABELS, idx, put_files, tiny_images

from mltrain.data.base import RowSpec
from mltrain.data.datasets.mnist import Mnist
from mltrain.errors import DataError, OptionError

REPOSITORY = Path(__file__).parents[2]


def test_the_real_one():
    """The files that come with the repository: what they hold is what their authors published."""
    for file in Mnist.publication.files:
        content = gzip.decompress((REPOSITORY / "data" / "mnist" / file.name).read_bytes())
        assert len(content) == file.size
        assert hashlib.sha256(content).hexdigest() == file.sha256
    dataset = Mnist().load(0, REPOSITORY / "configs")
    for part, count, ones in ((dataset.train, 60_000, 6742), (dataset.test, 10_000, 1135)):
        assert part is not None
        assert part.x.shape == (count, 28, 28)
        assert part.x.dtype == np.uint8
        assert part.y.shape == (count,)
        assert part.y.dtype == np.int32
        assert np.count_nonzero(part.y == 1) == ones
    assert dataset.validation is None
    assert dataset.train.y[:5].tolist() == [5, 0, 4, 1, 9]
    assert dataset.train.x.mean() == pytest.approx(33.3184, abs=1e-4)
    assert dataset.test is not None
    assert dataset.test.y[:5].tolist() == [7, 2, 1, 0, 4]


def test_hashes_are_those_that_the_readme_tells():
    readme = (REPOSITORY / "data" / "README.md").read_text(encoding="utf-8")
    for file in Mnist.publication.files:
        row = next(line for line in readme.splitlines() if line.startswith(f"| {file.holds[0]} "))
        assert file.sha256 in row
        assert f"{file.size:,}" in row
    assert all(mirror in readme for mirror in Mnist.publication.mirrors)


def test_facts_need_no_files(alone: Path):
    digits = tuple("0123456789")
    assert Mnist().row_spec(alone) == RowSpec((28, 28), classes=digits)
    assert Mnist(scale=False).row_spec(alone) == RowSpec((28, 28), classes=digits)


def test_images_stay_bytes_and_are_not_copied(alone: Path):
    put_files(alone / "work" / "data" / "mnist", first=7)
    dataset = Mnist().load(0, alone)
    np.testing.assert_array_equal(dataset.train.x, tiny_images(7))
    assert dataset.train.x.base is not None
    assert dataset.train.y.tolist() == LABELS
    assert dataset.test is not None
    assert dataset.test.y.tolist() == TEST_LABELS


def test_validation_comes_from_the_training_images(alone: Path):
    put_files(alone / "work" / "data" / "mnist")
    dataset = Mnist(validation_split=1 / 3).load(0, alone)
    assert dataset.validation is not None
    assert dataset.test is not None
    assert sorted([*dataset.train.y, *dataset.validation.y]) == sorted(LABELS)
    assert len(dataset.validation.y) == 2
    assert dataset.test.y.tolist() == TEST_LABELS


def test_the_test_set_is_given():
    with pytest.raises(OptionError) as error:
        Mnist(test_split=0.1)
    assert str(error.value) == "mnist has a test set of its own, of 10,000 images; leave test_split out"
    assert error.value.option == ("test_split",)


def found(path: str | None, folder: Path) -> int:
    """Which copy is loaded: the byte of which its first image is full."""
    spec = Mnist(path=path)
    assert spec.download_notice(folder) is None
    assert spec.fetch(folder) is False
    return int(spec.load(0, folder).train.x[0, 0, 0])


def test_places_are_tried_in_order(alone: Path):
    configs, work, cache = alone / "project" / "configs", alone / "work", alone / "cache"
    configs.mkdir(parents=True)
    places = [
        cache / "mnist",
        work / "data" / "mnist",
        alone / "project" / "data" / "mnist",
        configs / "data" / "mnist",
        work / "given",
        configs / "given",
    ]
    for number, place in enumerate(places, start=1):
        put_files(place, number)
        assert found("given", configs) == number
    assert found(None, configs) == 4
    assert found(str(work / "given"), configs) == 5
    assert found("nowhere", configs) == 4


def test_the_config_may_be_named_from_its_own_folder(alone: Path, monkeypatch: pytest.MonkeyPatch):
    put_files(alone / "data" / "mnist", 3)
    assert found(None, Path()) == 3


def test_a_path_may_start_at_home(alone: Path, monkeypatch: pytest.MonkeyPatch):
    monkeypatch.setenv("HOME", str(alone))
    monkeypatch.setenv("USERPROFILE", str(alone))
    put_files(alone / "digits", 3)
    assert found("~/digits", alone) == 3
    put_files(alone / "~nobody-has-this-name", 4)
    assert found("~nobody-has-this-name", alone) == 4


def test_a_folder_that_lacks_a_file_is_passed_over(alone: Path):
    near, far = put_files(alone / "data" / "mnist", 1), put_files(alone / "work" / "data" / "mnist", 2)
    (near / "t10k-labels-idx1-ubyte.gz").unlink()
    assert found(None, alone) == 2
    assert far.is_dir()


def test_a_folder_that_must_not_be_looked_into_is_passed_over(alone: Path, monkeypatch: pytest.MonkeyPatch):
    put_files(alone / "data" / "mnist", 1)
    put_files(alone / "work" / "data" / "mnist", 2)
    is_file = Path.is_file

    def guarded(path: Path) -> bool:
        if path.is_relative_to(alone / "data"):
            raise PermissionError(13, "Permission denied")
        return is_file(path)

    monkeypatch.setattr(Path, "is_file", guarded)
    assert found(None, alone) == 2


def test_uncompressed_files_will_do_and_come_first(alone: Path):
    folder = put_files(alone / "data" / "mnist", 1)
    (folder / "train-images-idx3-ubyte").write_bytes(idx(tiny_images(9)))
    assert found(None, alone) == 9


NAMES = "train-images-idx3-ubyte.gz, train-labels-idx1-ubyte.gz, t10k-images-idx3-ubyte.gz, t10k-labels-idx1-ubyte.gz"


@pytest.mark.parametrize("value", ["1", "yes"])
def test_offline_says_where_it_looked_and_what_to_do(alone: Path, monkeypatch: pytest.MonkeyPatch, value: str):
    monkeypatch.setenv("MLTRAIN_OFFLINE", value)
    folder = put_files(alone / "data" / "mnist")
    (folder / "t10k-labels-idx1-ubyte.gz").unlink()
    with pytest.raises(DataError) as error:
        Mnist(path="digits").load(0, alone)
    assert str(error.value) == (
        "MNIST is nowhere to be found, and MLTRAIN_OFFLINE forbids downloading it from\n"
        "  https://ossci-datasets.s3.amazonaws.com/mnist/\n"
        "  https://storage.googleapis.com/cvdf-datasets/mnist/\n"
        "Looked in:\n"
        f"  {alone / 'digits'}\n"
        f"  {alone / 'work' / 'digits'}\n"
        f"  {alone / 'data' / 'mnist'} (lacks t10k-labels-idx1-ubyte.gz)\n"
        f"  {alone.parent / 'data' / 'mnist'}\n"
        f"  {alone / 'work' / 'data' / 'mnist'}\n"
        f"  {alone / 'cache' / 'mnist'}\n"
        f"To do without a download, put these files into one of them: {NAMES}"
    )
    assert not (alone / "cache").exists()


def test_check_is_told_what_is_missing(alone: Path, monkeypatch: pytest.MonkeyPatch):
    assert Mnist().download_notice(alone) == f"MNIST would be downloaded to {alone / 'cache' / 'mnist'} (11.6 MB)"
    monkeypatch.setenv("MLTRAIN_OFFLINE", "1")
    with pytest.raises(
        DataError, match="MNIST is nowhere to be found, and MLTRAIN_OFFLINE forbids downloading it\nLooked"
    ):
        Mnist().download_notice(alone)
    put_files(alone / "data" / "mnist")
    assert Mnist().download_notice(alone) is None


ADVICE = "; put the right file in its place, or delete it, and MNIST is looked for elsewhere or downloaded"


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        (
            "train-images-idx3-ubyte",
            idx(np.zeros((6, 20, 20), np.uint8)),
            "{path} holds images of 20 x 20 pixels, not 28 x 28",
        ),
        (
            "train-labels-idx1-ubyte",
            idx(np.array(LABELS[:-1], np.uint8)),
            "{folder}/train-images-idx3-ubyte.gz holds 6 images, but {path} holds 5 labels",
        ),
        (
            "t10k-labels-idx1-ubyte",
            idx(np.array([7, 2, 10], np.uint8)),
            "{path} holds the label 10; MNIST's are 0 to 9",
        ),
        (
            "t10k-labels-idx1-ubyte",
            b"not found",
            "{path} is not the IDX file expected: it begins with 6e 6f 74 20, not 00 00 08 01",
        ),
        (
            "t10k-images-idx3-ubyte",
            idx(np.zeros((10_001, 28, 28), np.uint8)),
            "{path} announces 10,001 x 28 x 28 bytes; expected at least one and at most 7,840,016",
        ),
    ],
)
def test_what_is_wrong_with_a_file_that_is_there(alone: Path, name: str, content: bytes, message: str):
    folder = put_files(alone / "data" / "mnist")
    path = folder / f"{name}.gz"
    path.write_bytes(gzip.compress(content, 1))
    with pytest.raises(DataError) as error:
        Mnist().load(0, alone)
    assert str(error.value) == message.format(path=path, folder=folder) + ADVICE
