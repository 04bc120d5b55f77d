"""Data that its authors published as files: where they are looked for, and where they come from if they are nowhere."""

import os
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

import msgspec

from mltrain.data.base import Progress
from mltrain.data.cache import VARIABLE as CACHE_VARIABLE
from mltrain.data.cache import cache_folder
from mltrain.errors import DataError, StorageError

OFFLINE_VARIABLE = "MLTRAIN_OFFLINE"
"""Set in the environment, to anything but 0, it forbids all downloads."""


class File(NamedTuple):
    """A file as it is downloaded, and the names of the files that were packed into it.

    ``size`` and ``sha256`` are those of the file itself, or, where ``of_content`` says so, those of the content of a
    gzip file, which are the same however it was compressed.
    """

    name: str
    size: int
    sha256: str
    holds: tuple[str, ...]
    of_content: bool = False

    def find(self, folder: Path) -> tuple[Path, ...]:
        """What there is of it in a folder: all files that it holds, unpacked, or else itself, or else nothing."""
        with suppress(PermissionError):  # a folder that must not be looked into is as good as an empty one
            for names in (self.holds, (self.name,)):
                paths = tuple(folder / name for name in names)
                if all(path.is_file() for path in paths):
                    return paths
        return ()


class Publication(msgspec.Struct, frozen=True):
    """Files that make a dataset. ``folder`` is what the folder that has them is called; ``megabytes`` are downloaded.

    Each mirror is an address that ends with a slash; the first that has a file gives it.
    """

    title: str
    folder: str
    mirrors: tuple[str, ...]
    files: tuple[File, ...]
    megabytes: float

    def find(self, path: str | None, folder: Path) -> Path | None:
        """The first folder that has all files, or None. ``path`` and ``folder`` are as in `places`."""
        return next((place for place in self.places(path, folder) if not self.lacking(place)), None)

    def places(self, path: str | None, folder: Path) -> Iterator[Path]:
        """Folders that may have the files, in the order in which they are tried; the last one is for downloads.

        ``path`` is what the config says, and ``folder`` is where the config stands. Raises `DataError`.
        """
        here, below = folder.resolve(), Path("data", self.folder)
        candidates = [here / below, here.parent / below, Path.cwd() / below]
        if path is not None:
            given = Path(path)
            with suppress(RuntimeError):  # ~name where there is no such user: a folder may well be called so
                given = given.expanduser()
            candidates = [here / given, Path.cwd() / given, *candidates]
        # As a dict, because a config in the working folder makes some of them the same.
        yield from dict.fromkeys(candidates)
        yield self.downloads()

    def downloads(self) -> Path:
        """The folder into which the files are downloaded. Raises `DataError`."""
        return cache_folder() / self.folder

    def lacking(self, folder: Path) -> list[File]:
        """Those of the files that a folder does not have."""
        return [file for file in self.files if not file.find(folder)]

    def fetch(self, folder: Path, progress: Progress | None = None) -> None:
        """Download those of the files that a folder lacks. Raises `DataError`, with the reasons, or `StorageError`."""
        if offline():
            raise DataError(f"{OFFLINE_VARIABLE} forbids downloading it from\n{_indented(self.mirrors)}")
        from mltrain.data.download import download  # costs a tenth of a second, and most runs have the files

        mirrors = list(self.mirrors)
        for file in self.lacking(folder):
            addresses = [mirror + file.name for mirror in mirrors]
            try:
                used = download(addresses, folder / file.name, file, progress)
            except StorageError as error:
                raise StorageError(f"{error}; {CACHE_VARIABLE} may name a folder that can be written") from error
            except DataError as error:
                why = _indented(str(error).splitlines())
                raise DataError(f"{file.name} could not be downloaded:\n{why}") from error
            # A mirror that works goes first, so that a dead one costs its time only once.
            mirrors.sort(key=lambda mirror: not used.startswith(mirror))


def offline() -> bool:
    """Whether downloads are forbidden."""
    return os.environ.get(OFFLINE_VARIABLE, "0") not in ("", "0")


def _indented(lines: Sequence[str]) -> str:
    return "\n".join(f"  {line}" for line in lines)
