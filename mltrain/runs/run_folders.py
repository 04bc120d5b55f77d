"""Folders for results, claimed before the work begins, and given back where it came to nothing."""

import contextlib
import os
import re
import shutil
import tempfile
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from mltrain.runs.atomic_folder import SAVING
from mltrain.system.atomic_write import create_locked, delete_if_abandoned, delete_locked
from mltrain.system.locks import hold

MARK = ".running"
"""The file in a numbered folder that its owner keeps locked. If nobody does, nobody will ever save to that folder."""


_PATIENCE, _PAUSE = 10.0, 0.002
"""Seconds to wait for others altogether, and between two attempts."""


class Claim(NamedTuple):
    """A folder to save to. ``made`` are the folders that were made for it, from the innermost on."""

    folder: Path
    made: Sequence[Path]
    mark: int | None = None

    def stands(self) -> bool:
        """Whether the folder is still there, and still the same."""
        return os.fstat(self.mark).st_nlink > 0 if self.mark is not None else self.folder.is_dir()

    def give_up(self) -> None:
        """Take away what was made, so far as nothing was saved to it."""
        if self.mark is not None:
            if not self.stands():  # what is there now is somebody else's
                os.close(self.mark)
                return
            delete_locked(self.folder / MARK, self.mark)
        _delete_empty(self.made)


def claim_folder(folder: Path) -> Claim:
    """Exactly this folder, which may be there already. Raises OSError, also if nothing can be written to it."""
    made = _make(folder)
    try:
        with tempfile.TemporaryFile(dir=folder):  # which nobody sees, and so nobody finds if we are killed
            pass
    except OSError:
        _delete_empty(made)
        raise
    return Claim(folder, made)


def claim_number(parent: Path, name: str) -> Claim:
    """The next free folder ``<name>-<NNN>`` below ``parent``, which is made if need be. Raises OSError.

    Two that claim at once get different numbers: making a folder is what claims it, and only one can make it.
    """
    made: Sequence[Path] = ()
    number = 0
    while True:
        made = _make(parent) or made
        with _one_at_a_time(parent):
            for folder in _numbered(parent, name):
                _delete_if_abandoned(folder)
            number = 1 + max([number, *_numbered(parent, name).values()])
            folder = parent / f"{name}-{number:03d}"
            try:
                folder.mkdir()
                if (mark := create_locked(folder / MARK)) is not None:
                    return Claim(folder, [folder, *made], mark)
            except (FileExistsError, FileNotFoundError):
                continue  # somebody else took the number first, or took away the parent when nothing was in it
            except OSError:
                _delete_empty([folder, *made])
                raise


@contextlib.contextmanager
def _one_at_a_time(parent: Path) -> Iterator[None]:
    """Let others who claim a number here wait, or they might take what is just being made for abandoned.

    Not for ever: whoever is stuck here, and systems without locks, hold up nobody.
    """
    handle, deadline = None, time.monotonic() + _PATIENCE
    while handle is None and time.monotonic() < deadline:
        try:
            handle = hold(parent.resolve())
        except BlockingIOError:
            time.sleep(_PAUSE)
        except OSError:
            break
    try:
        yield
    finally:
        if handle is not None:
            os.close(handle)


def _make(folder: Path) -> list[Path]:
    """Make a folder and those above it; the ones that were not there, from the innermost on."""
    missing = [path for path in (folder, *folder.parents) if not path.exists()]
    folder.mkdir(parents=True, exist_ok=True)
    return missing


def _delete_empty(folders: Sequence[Path]) -> None:
    with contextlib.suppress(OSError):
        for folder in folders:
            folder.rmdir()  # fails, as it should, if anything is in it


def _numbered(parent: Path, name: str) -> dict[Path, int]:
    """What has taken a number below ``parent`` already."""
    pattern = re.compile(re.escape(name) + r"-(\d{3,})")
    return {entry: int(found[1]) for entry in parent.iterdir() if (found := pattern.fullmatch(entry.name))}


def _delete_if_abandoned(folder: Path) -> None:
    """Delete a folder whose owner was killed before anything was saved to it."""
    if delete_if_abandoned(folder / MARK):
        for unfinished in folder.glob(f"{SAVING}*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        _delete_empty([folder])
