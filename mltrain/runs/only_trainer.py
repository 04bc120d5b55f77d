"""A folder in which only one process trains."""

import contextlib
import os
from collections.abc import Iterator
from pathlib import Path

from mltrain.errors import StorageError
from mltrain.system.locks import hold


@contextlib.contextmanager
def only_trainer(folder: Path) -> Iterator[None]:
    """Within the block, no other process gets this far. Raises `StorageError` where another one is there already.

    Where there are no locks, nobody is kept out.
    """
    handle = None
    with contextlib.suppress(OSError):
        try:
            handle = hold(folder.resolve())
        except BlockingIOError:
            raise StorageError(f"{folder}: another mltrain is training there right now") from None
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)
