"""The four files of MNIST: where they are looked for, and where they come from if they are nowhere."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from mltrain.data.base import Progress
from mltrain.data.cache import VARIABLE as CACHE_VARIABLE
from mltrain.data.cache import cache_folder
from mltrain.errors import DataError, StorageError

OFFLINE_VARIABLE = "MLTRAIN_OFFLINE"
"""Set in the environment, to anything but 0, it forbids all downloads."""

MIRRORS = (
    "https://ossci-datasets.s3.amazonaws.com/mnist/",
    "https://storage.googleapis.com/cvdf-datasets/mnist/",
)
MEGABYTES = 11.6
"""The size of the download, all files together."""


class File(NamedTuple):
    """A file; size and hash are those of its uncompressed content."""

    name: str
    size: int
    sha256: str

    @property
    def compressed(self) -> str:
        return f"{self.name}.gz"

    def find(self, folder: Path) -> Path | None:
        """Where it is in a folder, if it is there, uncompressed or not."""
        for path in (folder / self.name, folder / self.compressed):
            with suppress(PermissionError):  # a folder that must not be looked into is as good as an empty one
                if path.is_file():
                    return path
        return None


TRAINING_IMAGES = File(
    "train-images-idx3-ubyte", 47_040_016, "ba891046e6505d7aadcbbe25680a0738ad16aec93bde7f9b65e87a2fc25776db"
)
TRAINING_LABELS = File(
    "train-labels-idx1-ubyte", 60_008, "65a50cbbf4e906d70832878ad85ccda5333a97f0f4c3dd2ef09a8a9eef7101c5"
)
TEST_IMAGES = File(
    "t10k-images-idx3-ubyte", 7_840_016, "0fa7898d509279e482958e8ce81c8e77db3f2f8254e26661ceb7762c4d494ce7"
)
TEST_LABELS = File("t10k-labels-idx1-ubyte", 10_008, "ff7bcfd416de33731a308c3f266cc351222c34898ecbeaf847f06e48f7ec33f2")
FILES = (TRAINING_IMAGES, TRAINING_LABELS, TEST_IMAGES, TEST_LABELS)


def find(path: str | None, folder: Path) -> Path | None:
    """The first folder that has all four files, or None. ``path`` and ``folder`` are as in `places`."""
    return next((place for place in places(path, folder) if not lacking(place)), None)


def places(path: str | None, folder: Path) -> Iterator[Path]:
    """Folders that may have the files, in the order in which they are tried; the last one is for downloads.

    ``path`` is what the config says, and ``folder`` is where the config stands. Raises `DataError`.
    """
    here, below = folder.resolve(), Path("data", "mnist")
    candidates = [here / below, here.parent / below, Path.cwd() / below]
    if path is not None:
        given = Path(path)
        with suppress(RuntimeError):  # ~name where there is no such user: a folder may well be called so
            given = given.expanduser()
        candidates = [here / given, Path.cwd() / given, *candidates]
    # As a dict, because a config in the working folder makes some of them the same.
    yield from dict.fromkeys(candidates)
    yield downloads()


def downloads() -> Path:
    """The folder into which the files are downloaded. Raises `DataError`."""
    return cache_folder() / "mnist"


def lacking(folder: Path) -> list[File]:
    """Those of the files that a folder does not have."""
    return [file for file in FILES if file.find(folder) is None]


def offline() -> bool:
    """Whether downloads are forbidden."""
    return os.environ.get(OFFLINE_VARIABLE, "0") not in ("", "0")


def fetch(folder: Path, progress: Progress | None = None) -> None:
    """Download those of the files that a folder lacks. Raises `DataError`, with the reasons, or `StorageError`."""
    if offline():
        raise DataError(f"{OFFLINE_VARIABLE} forbids downloading it from\n{_indented(MIRRORS)}")
    from mltrain.data.download import download  # costs a tenth of a second, and most runs have the files

    mirrors = list(MIRRORS)
    for file in lacking(folder):
        addresses = [mirror + file.compressed for mirror in mirrors]
        try:
            used = download(addresses, folder / file.compressed, file.size, file.sha256, progress)
        except StorageError as error:
            raise StorageError(f"{error}; {CACHE_VARIABLE} may name a folder that can be written") from error
        except DataError as error:
            raise DataError(
                f"{file.compressed} could not be downloaded:\n{_indented(str(error).splitlines())}"
            ) from error
        # A mirror that works goes first, so that a dead one costs its time only once.
        mirrors.sort(key=lambda mirror: not used.startswith(mirror))


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
