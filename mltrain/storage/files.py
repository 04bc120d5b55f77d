"""Files that are written whole or not at all."""

import contextlib
import glob
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import BinaryIO

from mltrain.errors import StorageError


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, and put it in place only when all of it is on the disk.

    Whatever happens, ``path`` holds either what it held before or all of the new content. Raises `StorageError`.
    """
    try:
        handle, name = tempfile.mkstemp(prefix=_temporary(path), dir=path.parent)
        try:
            with os.fdopen(handle, "wb") as file:
                write(file)
                file.flush()
                os.fsync(file.fileno())
            Path(name).chmod(0o666 & ~_umask())
            Path(name).replace(path)
        except BaseException:
            with contextlib.suppress(OSError):
                Path(name).unlink()
            raise
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {reason(error)}") from error


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all. Raises `StorageError`."""

    def write(file: BinaryIO) -> None:
        file.write(text.encode())

    write_whole(path, write)


def remove(path: Path) -> None:
    """Take a file away, if it is there. Raises `StorageError`."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{path}: cannot be removed: {reason(error)}") from error


def remove_leftovers(path: Path) -> None:
    """Take away the temporary files that a process left beside ``path`` when it was killed while it wrote."""
    for file in path.parent.glob(f"{glob.escape(_temporary(path))}*"):
        remove(file)


def _temporary(path: Path) -> str:
    """How the names of its temporary files begin."""
    return f".{path.name}."


def reason(error: OSError) -> str:
    """Why the system refused, in words: ``No space left on device``."""
    return error.strerror or str(error)


def _umask() -> int:
    mask = os.umask(0o022)
    os.umask(mask)
    return mask
