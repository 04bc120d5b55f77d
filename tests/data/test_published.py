"""The datasets of published images beside MNIST, with tiny files of their form, on a disk or a server."""

import gzip
import hashlib
import io
import re
import tarfile
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import numpy as np
import pytest
from mirrors import Mirrors
from msgspec.structs import replace
from tiny_mnist import idx

import mltrain
from mltrain.cli import main
from mltrain.data.base import DatasetSpec
from mltrain.data.datasets._published import Published
from mltrain.data.datasets.cifar10 import Cifar10
from mltrain.data.datasets.fashion_mnist import FashionMnist
from mltrain.data.datasets.kmnist import Kmnist
from mltrain.data.datasets.mnist import Mnist
from mltrain.errors import DataError, OptionError

CONFIGS = Path(__file__).parents[2] / "configs"
ALL: list[type[Published]] = [FashionMnist, Kmnist, Cifar10]
BATCHES = [f"data_batch_{number}.bin" for number in range(1, 6)]


def record(label: int, first: int) -> bytes:
    """A record of CIFAR-10: the first pixel of its image is (first, first + 1, first + 2), and all others are 0."""
    planes = np.zeros((3, 32, 32), np.uint8)
    planes[:, 0, 0] = first, first + 1, first + 2
    return bytes([label]) + planes.tobytes()


def cifar_files() -> dict[str, bytes]:
    """Two images in each batch to learn from and three to test with, of the labels 0, 1, 2 and so on."""
    files = {name: record(2 * at, at) + record(2 * at + 1, at) for at, name in enumerate(BATCHES)}
    return files | {"test_batch.bin": record(3, 7) + record(8, 8) + record(8, 9)}


def archive(files: dict[str, bytes], *, kind: bytes = tarfile.REGTYPE) -> bytes:
    """A tar.gz archive of the files, in a folder, with other things beside them."""
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w:gz") as tar:
        for name, content in {"readme.html": b"<html>", "batches.meta.txt": b"airplane\n", **files}.items():
            member = tarfile.TarInfo(f"cifar-10-batches-bin/{name}")
            member.size, member.type, member.linkname = len(content), kind, "readme.html"
            tar.addfile(member, io.BytesIO(content))
    return packed.getvalue()


def small_files(dataset: type[Published]) -> dict[str, bytes]:
    """The files of a dataset, as they are downloaded, with a handful of images."""
    names = [file.name for file in dataset.publication.files]
    if dataset is Cifar10:
        return {names[0]: archive(cifar_files())}
    labels = np.arange(10, dtype=np.uint8)
    images = np.random.default_rng(1).integers(0, 256, (len(labels), 28, 28), np.uint8)
    arrays = [images, labels, images[:3], labels[:3]]
    return {name: gzip.compress(idx(array), mtime=0) for name, array in zip(names, arrays, strict=True)}


def put(dataset: type[Published], folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in small_files(dataset).items():
        (folder / name).write_bytes(content)
    return folder


@pytest.fixture(params=ALL, ids=lambda dataset: dataset.type_name())
def dataset(request: pytest.FixtureRequest) -> type[Published]:
    found: type[Published] = request.param
    return found


@pytest.fixture
def served(dataset: type[Published], alone: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Mirrors]:
    """Mirrors "one" and "two", from which the small files are expected, and which have nothing yet."""
    contents, files = small_files(dataset), dataset.publication.files
    small = tuple(
        file._replace(size=len(contents[file.name]), sha256=hashlib.sha256(contents[file.name]).hexdigest())
        for file in files
    )
    with closing(Mirrors()) as mirrors:
        published = replace(dataset.publication, mirrors=mirrors.addresses, files=small)
        monkeypatch.setattr(dataset, "publication", published)
        yield mirrors


def offer(mirrors: Mirrors, mirror: str, dataset: type[Published]) -> None:
    mirrors.answers |= {f"/{mirror}/{name}": content for name, content in small_files(dataset).items()}


def kept(dataset: type[Published], alone: Path) -> list[str]:
    folder = alone / "cache" / dataset.publication.folder
    return sorted(path.name for path in folder.iterdir()) if folder.exists() else []


def test_what_is_published_is_described_whole() -> None:
    for dataset in (Mnist, *ALL):
        published = dataset.publication
        assert published.folder == dataset.type_name()
        assert len(published.mirrors) >= 2
        assert all(re.fullmatch(r"https?://[\w.~/-]+/", mirror) for mirror in published.mirrors)
        assert all(re.fullmatch("[0-9a-f]{64}", file.sha256) for file in published.files)
        assert len({file.sha256 for file in published.files}) == len(published.files)
        if not any(file.of_content for file in published.files):
            assert published.megabytes == round(sum(file.size for file in published.files) / 1e6, 1)
        assert len(dataset.class_names) == len(set(dataset.class_names)) == 10


def test_downloaded_once_from_the_second_mirror(dataset: type[Published], served: Mirrors, alone: Path) -> None:
    offer(served, "two", dataset)
    names = list(small_files(dataset))
    loaded = dataset().load(0, alone)
    assert served.asked == [f"/one/{names[0]}", *(f"/two/{name}" for name in names)]
    assert kept(dataset, alone) == sorted(names)
    assert dataset().fetch(alone) is False
    assert loaded.row_spec == dataset().known_row_spec(alone)
    assert loaded.row_spec.classes == dataset.class_names
    for split in (loaded.train, loaded.test):
        assert split is not None
        assert split.x.dtype == np.uint8
        assert split.x.shape == (len(split.y), *dataset.input_shape)
        assert split.y.dtype == np.int32
    assert loaded.preprocessing.inputs.scale == 1 / 255


def test_what_is_not_the_file_is_refused_and_leaves_nothing(
    dataset: type[Published], served: Mirrors, alone: Path
) -> None:
    name, right = next(iter(small_files(dataset).items()))
    other = right[:-1] + bytes([right[-1] ^ 1])
    page = b"<html>log in to this network</html>"
    served.answers[f"/one/{name}"] = other
    served.answers[f"/two/{name}"] = page
    with pytest.raises(DataError) as error:
        dataset().load(0, alone)
    title, (one, two) = dataset.publication.title, served.addresses
    sums = [hashlib.sha256(content).hexdigest() for content in (other, right)]
    ends = f"what it sends ends after {len(page)} of the {len(right):,} bytes expected"
    assert str(error.value).splitlines()[:3] == [
        f"{title} is nowhere to be found, and {name} could not be downloaded:",
        f"  {one}{name}: what it sends is another file: SHA-256 {sums[0]} instead of {sums[1]}",
        f"  {two}{name}: {ends}",
    ]
    assert kept(dataset, alone) == []
    served.answers[f"/one/{name}"] = right + b"\0"
    with pytest.raises(DataError, match=f"what it sends holds more than the {len(right):,} bytes expected"):
        dataset().load(0, alone)
    assert kept(dataset, alone) == []


def test_offline(dataset: type[Published], alone: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    title, folder, size = dataset.publication.title, dataset.publication.folder, dataset.publication.megabytes
    notice = f"{title} would be downloaded to {alone / 'cache' / folder} ({size:g} MB)"
    assert dataset().download_notice(alone) == notice
    monkeypatch.setenv("MLTRAIN_OFFLINE", "1")
    with pytest.raises(DataError, match=f"{title} is nowhere to be found, and MLTRAIN_OFFLINE forbids downloading it"):
        dataset().load(0, alone)
    with pytest.raises(DataError, match=f"put these files into one of them: {dataset.publication.files[0].name}"):
        dataset().download_notice(alone)
    put(dataset, alone / "work" / "data" / folder)
    assert dataset().download_notice(alone) is None
    assert len(dataset().load(0, alone).train.y) > 5


def test_a_folder_may_be_named(dataset: type[Published], alone: Path) -> None:
    place = put(dataset, alone / "elsewhere")
    spec = dataset(path="elsewhere")
    assert spec.fetch(alone) is False
    absolute = spec.with_absolute_paths(alone)
    assert isinstance(absolute, Published)
    assert absolute.path == str(place)
    assert absolute.without_paths() == dataset()


def test_the_test_set_is_given(dataset: type[Published]) -> None:
    with pytest.raises(OptionError, match=f"{dataset.type_name()} has a test set of its own, of 10,000 images"):
        dataset(test_split=0.1)


def test_names_of_the_classes() -> None:
    assert DatasetSpec.family.find("fashion_mnist") is FashionMnist
    assert (FashionMnist.class_names[0], FashionMnist.class_names[9]) == ("T-shirt/top", "Ankle boot")
    assert Kmnist.class_names == ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
    assert (Cifar10.class_names[3], Cifar10.class_names[9]) == ("cat", "truck")


@pytest.mark.parametrize("form", ["archive", "folder", "plain tar"])
def test_cifar_as_it_is_published(form: str, alone: Path) -> None:
    folder = alone / "data" / "cifar10"
    (folder / "cifar-10-batches-bin").mkdir(parents=True)
    if form == "folder":
        for name, content in cifar_files().items():
            (folder / "cifar-10-batches-bin" / name).write_bytes(content)
    else:
        packed = archive(cifar_files())
        (folder / "cifar-10-binary.tar.gz").write_bytes(gzip.decompress(packed) if form == "plain tar" else packed)
    loaded = Cifar10().load(0, alone)
    assert loaded.test is not None
    assert loaded.train.y.tolist() == list(range(10))
    assert loaded.train.x[:, 0, 0].tolist() == [[at, at + 1, at + 2] for at in range(5) for _ in range(2)]
    assert loaded.train.x.sum() == 2 * sum(3 * at + 3 for at in range(5))
    assert loaded.test.y.tolist() == [3, 8, 8]
    assert loaded.test.x[:, 0, 0].tolist() == [[7, 8, 9], [8, 9, 10], [9, 10, 11]]
    assert sorted(path.name for path in folder.rglob("*.bin")) == (sorted(cifar_files()) if form == "folder" else [])


@pytest.mark.parametrize(("dataset", "parameters"), [(FashionMnist, 96_938), (Cifar10, 308_842)])
def test_the_lesson_trains_on_it(
    dataset: type[Published],
    parameters: int,
    alone: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    name = dataset.type_name()
    put(dataset, alone / "work" / "data" / name)
    config = CONFIGS / f"{name}.yaml"
    monkeypatch.setattr("sys.argv", ["mltrain", "check", str(config)])
    with pytest.raises(SystemExit) as end:
        main()
    assert (end.value.code, *capsys.readouterr()) == (0, f"{config}: ok\n", "")
    model = mltrain.fit(config, ["training.epochs=1", "optimizer=adam"])
    assert sum(node.parameter_count for node in model.network.nodes) == parameters
    assert model.row_spec.classes == dataset.class_names


RIGHT = cifar_files()
ARCHIVES = {
    "no archive": (b"not found", "{path} is a damaged tar.gz archive: "),
    "cut off": (archive(RIGHT)[:-60], "{path} is a damaged tar.gz archive: Compressed file ended before"),
    "a file is missing": (
        archive({name: content for name, content in RIGHT.items() if name != "data_batch_4.bin"}),
        "{path} lacks data_batch_4.bin",
    ),
    "half a record": (
        archive(RIGHT | {"data_batch_2.bin": record(1, 1) + b"\0"}),
        "{path}, data_batch_2.bin: 3,074 bytes are no CIFAR-10, which has records of 3,073 bytes, 10,000 at most",
    ),
    "empty": (archive(RIGHT | {"test_batch.bin": b""}), "{path}, test_batch.bin: 0 bytes are no CIFAR-10"),
    "a label that is none": (
        archive(RIGHT | {"test_batch.bin": record(10, 1)}),
        "{folder}: test_batch.bin holds the label 10; CIFAR-10's are 0 to 9",
    ),
    "links": (archive(RIGHT, kind=tarfile.SYMTYPE), "{path} lacks data_batch_1.bin, data_batch_2.bin"),
    "twice": (archive(RIGHT | {"again/data_batch_1.bin": record(1, 1)}), "{path} holds data_batch_1.bin twice"),
    "a bomb": (
        archive(RIGHT | {"test_batch.bin": bytes(3_073 * 10_001)}),
        "{path}, test_batch.bin: 30,733,073 bytes are no CIFAR-10",
    ),
}


@pytest.mark.parametrize(("content", "message"), ARCHIVES.values(), ids=ARCHIVES)
def test_archives_that_are_wrong(content: bytes, message: str, alone: Path) -> None:
    folder = alone / "data" / "cifar10"
    folder.mkdir(parents=True)
    path = folder / "cifar-10-binary.tar.gz"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        Cifar10().load(0, alone)
    assert str(error.value).startswith(message.format(path=path, folder=folder))
    assert str(error.value).endswith("and CIFAR-10 is looked for elsewhere or downloaded")
    assert set(alone.rglob("*")) == {alone / "work", alone / "data", folder, path}
