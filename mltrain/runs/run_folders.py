"""Folders of runs: reserved and locked before training begins, and deleted again where nothing was saved to them.

The lock is on the folder itself. It lasts as long as the training, so that no other training and no `mltrain runs rm`
gets in, and it ends with the process: an empty folder that is not locked was abandoned. Where the system has no such
locks, two trainings in one folder are not prevented, and no folder counts as abandoned.
"""

import contextlib
import os
import re
import tempfile
from collections.abc import Collection, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mltrain.errors import StorageError
from mltrain.system.atomic_folder import delete_unfinished_saves, settle
from mltrain.system.locks import hold, hold_if_possible, release

_PATIENCE = 10.0
"""Seconds to wait for other programs that are choosing a number at this moment."""


class Claim(NamedTuple):
    """A folder to save to. ``made`` are the folders that were made for it, from the innermost on.

    ``handle`` is the locked folder, or None where there are no locks.
    """

    folder: Path
    made: Sequence[Path]
    handle: int | None

    def stands(self) -> bool:
        """Whether the folder still exists and is the same one (by inode)."""
        try:
            now = self.folder.stat()
        except OSError:
            return False
        return self.handle is None or os.path.samestat(os.fstat(self.handle), now)

    def give_up(self) -> None:
        """Unlock the folder, and delete the folders that were created for it and are empty."""
        if self.stands():
            _delete_empty(self.made)
        release(self.handle)


def claim_folder(folder: Path, files: Collection[str]) -> Claim:
    """Reserve exactly this folder, which may exist. Temporary files of an interrupted save of ``files`` are deleted.

    Raises BlockingIOError if another program trains there, and another OSError if nothing can be written to it.
    """
    made = _make(folder)
    handle = None
    try:
        handle = hold_if_possible(folder.resolve())
        with tempfile.TemporaryFile(dir=folder):  # a file without a name: nothing is left if the process is killed
            pass
    except BlockingIOError:
        raise
    except OSError:
        _delete_empty(made)
        release(handle)
        raise
    if handle is not None:
        delete_unfinished_saves(folder, files)
    return Claim(folder, made, handle)


def claim_number(parent: Path, name: str, files: Collection[str]) -> Claim:
    """The next free folder ``<name>-<NNN>`` below ``parent``, which is made if need be. Raises OSError.

    Creating a folder reserves its number atomically. Folders of killed trainings are cleaned up on the way: a complete
    but unfinished save of ``files`` is finished, and empty folders are deleted.
    """
    made: Sequence[Path] = ()
    number = 0
    while True:
        made = _make(parent) or made
        with _one_at_a_time(parent):
            for folder in _numbered(parent, name):
                _clean_up_if_abandoned(folder, files)
            number = 1 + max([number, *_numbered(parent, name).values()])
            folder = parent / f"{name}-{number:03d}"
            try:
                folder.mkdir()
                return Claim(folder, [folder, *made], hold_if_possible(folder.resolve()))
            except (FileExistsError, FileNotFoundError, BlockingIOError):
                continue  # another process took the number, or deleted the empty folder as abandoned
            except OSError:
                _delete_empty([folder, *made])
                raise


@contextlib.contextmanager
def _one_at_a_time(parent: Path) -> Iterator[None]:
    """Hold the lock for choosing numbers, so that other processes do not treat a new folder as abandoned.

    Waits for at most `_PATIENCE`, and not at all where the system has no locks.
    """
    handle = None
    with contextlib.suppress(OSError):
        handle = hold(parent.resolve(), _PATIENCE)
    try:
        yield
    finally:
        release(handle)


def _make(folder: Path) -> list[Path]:
    """Create a folder and its parents; the created ones, from the innermost on."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _delete_empty(folders: Sequence[Path]) -> None:
    with contextlib.suppress(OSError):
        for folder in folders:
            folder.rmdir()  # fails, as it should, if anything is in it


def is_numbered(folder: Path) -> bool:
    """Whether a folder has a name of the form that `claim_number` gives."""
    return re.fullmatch(r".+-\d{3,}", folder.resolve().name) is not None


def _numbered(parent: Path, name: str) -> dict[Path, int]:
    """The entries below ``parent`` whose names are numbered, with their numbers."""
    pattern = re.compile(re.escape(name) + r"-(\d{3,})")
    return {entry: int(found[1]) for entry in parent.iterdir() if (found := pattern.fullmatch(entry.name))}


def _clean_up_if_abandoned(folder: Path, files: Collection[str]) -> None:
    with contextlib.suppress(OSError, StorageError):
        entries = list(folder.iterdir())
        if entries and not any(path.name.startswith(".") for path in entries):
            return
        handle = hold(folder)
        try:
            delete_unfinished_saves(folder, files)
            settle(folder, files)
            folder.rmdir()  # fails, as it should, if anything is in it
        finally:
            os.close(handle)
