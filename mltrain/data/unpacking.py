"""Packed files that say little of how much is in them: unpacked up to a measure that honest data stays below."""

import gzip
import io
import os

from mltrain.system.safe_open import open_file

GZIP_MAGIC = b"\x1f\x8b"

MOST_TIMES = 100
"""How often its own size a packed file may hold. Tables shrink to a tenth, zeros and repetitions to a thousandth."""

ALWAYS_FINE = 64 * 2**20
"""Bytes that any packed file may hold."""


def is_too_much(unpacked: int, packed: int) -> bool:
    """Whether so many bytes come out of so few that they were packed to do harm, not to save room."""
    return unpacked > max(ALWAYS_FINE, MOST_TIMES * packed)


class _Unpacked(gzip.GzipFile):
    """The content of a gzip file. Closes that file, too."""

    def __init__(self, file: io.BufferedReader, size: int):
        super().__init__(fileobj=file)
        self._packed, self._size, self._count = file, size, 0

    def read(self, size: int | None = -1) -> bytes:
        return self._counted(super().read(size))

    def read1(self, size: int = -1) -> bytes:
        return self._counted(super().read1(size))

    def close(self) -> None:
        super().close()
        self._packed.close()

    def _counted(self, content: bytes) -> bytes:
        self._count += len(content)
        if is_too_much(self._count, self._size):
            raise gzip.BadGzipFile(f"more than {MOST_TIMES} times its size comes out of it")
        return content


def open_unpacked(path: "os.PathLike[str] | str") -> gzip.GzipFile | io.BufferedReader:
    """A file's bytes, unpacked if it is gzip, whatever its name says. Raises `OSError`, here and while it is read."""
    file = open_file(path)
    try:
        start = file.peek(len(GZIP_MAGIC))
    except BaseException:
        file.close()
        raise
    if not start.startswith(GZIP_MAGIC):
        return file
    return _Unpacked(file, os.fstat(file.fileno()).st_size)
