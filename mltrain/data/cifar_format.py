"""The binary version of CIFAR-10: records of one byte for the label and 3,072 for the pixels, in six files.

The pixels of a record are 32 x 32 reds, row by row, then as many greens, and then the blues. The other versions are a
pickle, which may run code when it is read, and MATLAB's. https://www.cs.toronto.edu/~kriz/cifar.html describes them.
"""

import gzip
import tarfile
import zlib
from collections.abc import Iterator, Sequence
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
import numpy.typing as npt

from mltrain.data.unpacking import open_unpacked
from mltrain.errors import DataError, reason
from mltrain.system.safe_open import open_file

SIDE, CHANNELS = 32, 3
RECORD = 1 + SIDE * SIDE * CHANNELS
ROWS = 10_000
"""Records of a file, at most."""

Bytes = npt.NDArray[np.uint8]


def read_cifar(paths: Sequence[Path], names: Sequence[str]) -> dict[str, tuple[Bytes, Bytes]]:
    """Images ``(rows, 32, 32, 3)`` and labels ``(rows,)`` of the files of these names, in that order.

    ``paths`` are the files themselves, or the tar archive that holds them, whatever folders it has them in; nothing of
    it is written to the disk. Raises `DataError`, which names the file and what is wrong with it.
    """
    try:
        found = dict[str, tuple[Bytes, Bytes]]()
        for where, name, file, size in _members(paths[0], names) if len(paths) == 1 else _files(paths):
            if name in found:
                raise DataError(f"{paths[0]} holds {name} twice")
            found[name] = _records(file, where, size)
    except (EOFError, zlib.error, gzip.BadGzipFile, tarfile.TarError) as error:
        raise DataError(f"{paths[0]} is a damaged tar.gz archive: {error}") from error
    except OSError as error:
        raise DataError(f"{error.filename or paths[0]} cannot be read: {reason(error)}") from error
    if lacking := [name for name in names if name not in found]:
        raise DataError(f"{paths[0]} lacks {', '.join(lacking)}")
    return {name: found[name] for name in names}


_Opened = Iterator[tuple[str, str, IO[bytes], int]]
"""Files, one after the other: how messages call it, its name, the file itself, and its size."""


def _files(paths: Sequence[Path]) -> _Opened:
    for path in paths:
        with open_file(path) as file:
            yield str(path), path.name, file, path.stat().st_size


def _members(path: Path, names: Sequence[str]) -> _Opened:
    with open_unpacked(path) as unpacked, tarfile.open(fileobj=unpacked, mode="r|") as archive:
        for member in archive:
            name = PurePosixPath(member.name).name
            file = archive.extractfile(member) if name in names and member.isreg() else None
            if file is not None:
                yield f"{path}, {name}", name, file, member.size


def _records(file: IO[bytes], where: str, size: int) -> tuple[Bytes, Bytes]:
    if size % RECORD or not 0 < size <= ROWS * RECORD:
        right = f"records of {RECORD:,} bytes, {ROWS:,} at most"
        raise DataError(f"{where}: {size:,} bytes are no CIFAR-10, which has {right}")
    content = file.read(size)
    if len(content) != size:
        raise DataError(f"{where} ends after {len(content):,} of {size:,} bytes")
    records = np.frombuffer(content, np.uint8).reshape(-1, RECORD)
    planes = records[:, 1:].reshape(-1, CHANNELS, SIDE, SIDE)
    return np.ascontiguousarray(planes.transpose(0, 2, 3, 1)), records[:, 0]
