"""Atomic replacement of a file: the target holds the old content or all of the new; a killed program leaves no litter.

A file is written beside its target, under a name that ends in `UNFINISHED`, and renamed when all of it is on the disk.
It is locked while it is written. An unfinished file without a lock was abandoned; the next program that writes the
same target deletes it. (Windows has no such locks, but an open file cannot be deleted there.)
"""

import contextlib
import os
import secrets
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import BinaryIO

from mltrain.system.locks import hold, lock

UNFINISHED = ".unfinished"


@contextlib.contextmanager
def replacing(target: Path) -> Iterator[BinaryIO]:
    """A file to write to, which replaces ``target`` when the block ends without an exception. Raises OSError.

    Whatever happens, ``target`` holds either what it held before or all of the new content.
    """
    delete_unfinished(target.parent, target.name)
    path, file = _create(target)
    try:
        with file:
            yield file
            file.flush()
            os.fsync(file.fileno())
            if sys.platform != "win32":  # renamed while it is locked, so that no other program takes it for abandoned
                path.replace(target)
        if sys.platform == "win32":  # where a file that is open cannot be renamed
            path.replace(target)
    except BaseException:
        with contextlib.suppress(OSError):
            path.unlink()
        raise


def delete_unfinished(folder: Path, name: str) -> None:
    """Delete what killed programs have left of their attempts to replace the file ``name`` of a folder."""
    for path in folder.iterdir():
        if is_unfinished(path, name):
            _delete_if_abandoned(path)


def is_unfinished(path: Path, name: str) -> bool:
    """Whether a file is called as `replacing` calls what is to become the file ``name``."""
    return path.name.startswith(f".{name}.") and path.name.endswith(UNFINISHED)


def create_locked(path: Path) -> int | None:
    """Make a file that is locked as long as it is open; its handle. Raises OSError, also if it is there already.

    None if another program has found it before it was locked, and deletes it as abandoned.
    """
    handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_EXCL | getattr(os, "O_BINARY", 0), 0o666)
    try:
        lock(handle)
    except BlockingIOError:
        os.close(handle)
        return None
    except OSError:
        return handle  # where there are no locks, open files cannot be deleted
    if os.fstat(handle).st_nlink:
        return handle
    os.close(handle)
    return None


def _delete_if_abandoned(path: Path) -> None:
    """Delete a file if the program that made it with `create_locked` has ended."""
    with contextlib.suppress(OSError):
        if sys.platform == "win32":
            path.unlink()
            return
        handle = hold(path)
        try:
            path.unlink()
        finally:
            os.close(handle)


def _create(target: Path) -> tuple[Path, BinaryIO]:
    """An unfinished file beside ``target``."""
    while True:
        path = target.with_name(f".{target.name}.{secrets.token_hex(4)}{UNFINISHED}")
        if (handle := create_locked(path)) is not None:
            return path, os.fdopen(handle, "wb")
