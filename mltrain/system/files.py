"""Files that are written whole or not at all."""

import contextlib
import os
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import BinaryIO

from mltrain.errors import StorageError, UsageError, reason
from mltrain.system.atomic_write import replacing


def write_whole(path: Path, write: Callable[[BinaryIO], None]) -> None:
    """Let ``write`` fill a temporary file beside ``path``, and put it in place only when all of it is on the disk.

    Whatever happens, ``path`` holds either what it held before or all of the new content. Raises `StorageError`.
    """
    try:
        with replacing(path) as file:
            write(file)
    except OSError as error:
        raise StorageError(f"{path}: cannot be written: {reason(error)}") from error


def write_text(path: Path, text: str) -> None:
    """Write a text in UTF-8, whole or not at all. Raises `StorageError`."""
    write_bytes(path, text.encode())


def write_bytes(path: Path, content: bytes) -> None:
    """Write the bytes of a file, whole or not at all. Raises `StorageError`."""

    def write(file: BinaryIO) -> None:
        file.write(content)

    write_whole(path, write)


def write_files(files: Mapping[Path, bytes]) -> None:
    """Write the bytes of several files: all of them, or none. Raises `StorageError`.

    All are on the disk before the first takes its place. If one cannot take it, those before it are put back.
    """
    before = {path: path.read_bytes() if path.is_file() else None for path in files}
    try:
        _write_nested([*files.items()])
    except BaseException:
        for path, content in before.items():
            with contextlib.suppress(OSError, StorageError):
                if content is None and path.is_file():
                    path.unlink()
                elif content is not None and path.read_bytes() != content:
                    write_bytes(path, content)
        raise


def _write_nested(files: Sequence[tuple[Path, bytes]]) -> None:
    (path, content), *others = files

    def write(file: BinaryIO) -> None:
        file.write(content)
        file.flush()
        os.fsync(file.fileno())  # a full disk is noticed here, before the others take their places
        if others:
            _write_nested(others)

    write_whole(path, write)


def remove(path: Path) -> None:
    """Take a file away, if it is there. Raises `StorageError`."""
    try:
        path.unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{path}: cannot be removed: {reason(error)}") from error


def is_same_file(one: Path, other: Path) -> bool:
    """Whether two paths lead to one file, by symbolic or hard links, or by names in which case does not count."""
    try:
        return one.samefile(other)
    except (OSError, ValueError):  # one of them is not there, or is the name of no file
        return False


def refuse_inputs(output: Path, inputs: Iterable[Path]) -> None:
    """Raises `UsageError` if ``output`` is the same file as one of the inputs, also through links."""
    for path in inputs:
        if is_same_file(output, path):
            raise UsageError(f"{output}: would be written over, but it is read for that; name another file")
