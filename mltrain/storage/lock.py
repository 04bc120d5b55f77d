"""A folder to which only one process writes."""

import contextlib
import errno
import os
import sys
from collections.abc import Iterator
from pathlib import Path

from mltrain.errors import StorageError


@contextlib.contextmanager
def only_writer(folder: Path) -> Iterator[None]:
    """Within the block, no other process gets this far. Raises `StorageError` where another one is there already.

    It is the system that keeps the lock, so nothing is left behind by a process that is killed. Where it has none to
    offer (on Windows, and on some file systems of a network), nobody is kept out.
    """
    if sys.platform == "win32":
        yield
        return
    import fcntl

    handle = os.open(folder, os.O_RDONLY)
    try:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno in (errno.EWOULDBLOCK, errno.EACCES):
                raise StorageError(f"{folder}: another mltrain is training there right now") from None
        yield
    finally:
        os.close(handle)
