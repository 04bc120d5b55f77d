"""Several files of one folder that change together: every reader sees all of the old ones, or all of the new ones.

They are written to a folder of their own below it, ``.saving-...``, which is renamed to ``.saved`` when all of it is on
the disk. That moment makes them the new state. What is left is to move them to where they belong. Until that is done,
readers look in ``.saved`` first, so that nothing has to be finished before a folder can be read: reading changes
nothing. If the program is killed while it moves files, the next one that writes to the folder finishes it.

A folder is untrusted input. Only files that the program asks for by name are opened, and no symbolic link is followed
out of the folder.
"""

import contextlib
import os
import secrets
import shutil
import stat
import time
from collections.abc import Callable, Collection, Iterator, Mapping
from pathlib import Path
from typing import TypeVar

from mltrain.errors import MltrainError, StorageError, reason
from mltrain.system.atomic_write import delete_unfinished, is_unfinished
from mltrain.system.files import write_text
from mltrain.system.safe_open import open_file

SAVING, SAVED = ".saving-", ".saved"

GONE = ".gone"
"""The file among those to be moved that names the ones which belong to the old state only, a line each."""

_MOST_GONE = 10_000
"""Bytes of `GONE` that are read."""

_PATIENCE = 10.0
"""Seconds after which a folder that changes during every read is given up."""

T = TypeVar("T")


@contextlib.contextmanager
def together(folder: Path, every: Collection[str]) -> Iterator[Path]:
    """A folder to write files to, which take their places in ``folder`` together when the block ends.

    ``every`` file that there might be is named; what is in ``folder`` of them and was not written goes in the same
    moment. After an exception in the block, ``folder`` is as it was before. The caller holds the lock of ``folder``.
    Raises `StorageError`.
    """
    staging = folder / f"{SAVING}{secrets.token_hex(4)}"
    try:
        settle(folder, every)
        staging.mkdir()
        try:
            try:
                yield staging
            except StorageError as error:  # show the final path, not the one of the staging folder
                raise StorageError(str(error).replace(str(staging), str(folder))) from error
            if gone := [name for name in every if not (staging / name).exists()]:
                write_text(staging / GONE, "\n".join(gone))
            _flush(staging)
            for path in staging.iterdir():
                if (folder / path.name).is_dir():
                    raise StorageError(f"{folder / path.name}: cannot be written: it is a folder")
            staging.rename(folder / SAVED)
        finally:
            shutil.rmtree(staging, ignore_errors=True)
        settle(folder, every)
        _flush(folder)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written: {reason(error)}") from error


def settle(folder: Path, every: Collection[str]) -> None:
    """Move those of ``every`` file that a killed program had saved but not moved. Raises `StorageError`."""
    saved = folder / SAVED
    if not _is_folder(saved):
        return
    try:
        for name in _gone(saved).intersection(every):
            if not (folder / name).is_dir():
                (folder / name).unlink(missing_ok=True)
        for name in every:
            if _is_plain(saved / name):
                (saved / name).replace(folder / name)
        (saved / GONE).unlink(missing_ok=True)
        saved.rmdir()
    except OSError as error:
        raise StorageError(f"{saved}: cannot be finished: {reason(error)}; move it away") from error


def delete_unfinished_saves(folder: Path, every: Collection[str]) -> None:
    """Delete what killed programs had begun to save of ``every`` file to ``folder``. The caller holds its lock."""
    for path in folder.glob(f"{SAVING}*"):
        with contextlib.suppress(OSError):
            if _is_folder(path) and all(_is_of_a_save(entry, every) for entry in path.iterdir()):
                shutil.rmtree(path)
    for name in every:
        delete_unfinished(folder, name)


def _is_of_a_save(path: Path, every: Collection[str]) -> bool:
    names = (*every, GONE)
    return path.name in names or any(is_unfinished(path, name) for name in names)


def current_file(folder: Path, name: str) -> Path | None:
    """Where a file of ``folder`` is now; None if there is none, or a link that leads out of the folder."""
    saved, path = folder / SAVED, folder / name
    with contextlib.suppress(OSError):  # a file that cannot be inspected counts as missing
        if _is_folder(saved):
            if _is_plain(saved / name):
                return saved / name
            if name in _gone(saved):
                return None
        return path if path.is_file() and not leads_out(path) else None
    return None


def read_together(folder: Path, names: Collection[str], read: Callable[[Mapping[str, Path]], T]) -> T:
    """What ``read`` makes of those of the files that are there, all as one program saved them.

    Afterwards the files are looked up again. Where one has been replaced meanwhile, ``read`` is called again.
    """
    deadline = time.monotonic() + _PATIENCE
    while True:
        before = _identified(folder, names)
        try:
            result = read({name: path for name, (path, _) in before.items()})
        except (OSError, MltrainError):
            if _identified(folder, names) == before:
                raise
        else:
            if _identities(_identified(folder, names)) == _identities(before):
                return result
        if time.monotonic() > deadline:
            raise StorageError(f"{folder}: another program writes to it all the time; try again later")


def leads_out(path: Path) -> bool:
    """Whether a file is a symbolic link to a place outside of the folder that it is in.

    The folder itself may be a link, and is the user's own choice.
    """
    if not path.is_symlink():
        return False
    try:
        return not path.resolve().is_relative_to(path.parent.resolve())
    except (OSError, RuntimeError):  # links that lead to each other
        return True


_Identity = tuple[int, ...]


def _identified(folder: Path, names: Collection[str]) -> dict[str, tuple[Path, _Identity]]:
    """The files that are there, with numbers that tell each from any other that was in its place."""
    found: dict[str, tuple[Path, _Identity]] = {}
    for name in names:
        # A file that is moved from ``.saved`` to its place between the two calls is looked up again.
        for _ in range(2):
            path = current_file(folder, name)
            with contextlib.suppress(OSError):
                if path is not None:
                    status = path.stat()
                    found[name] = path, (status.st_dev, status.st_ino, status.st_size, status.st_mtime_ns)
                    break
    return found


def _identities(files: Mapping[str, tuple[Path, _Identity]]) -> dict[str, _Identity]:
    return {name: identity for name, (_, identity) in files.items()}


def _gone(saved: Path) -> set[str]:
    """The names in `GONE`."""
    try:
        if not _is_plain(saved / GONE):
            return set()
        with open_file(saved / GONE) as file:
            return set(file.read(_MOST_GONE).decode("utf-8", "replace").splitlines())
    except OSError:  # it was deleted meanwhile, after the files that it names
        return set()


def _is_folder(path: Path) -> bool:
    """Whether it is a folder, and no link to one, which may lead anywhere."""
    return path.is_dir() and not path.is_symlink()


def _is_plain(path: Path) -> bool:
    try:
        return stat.S_ISREG(path.lstat().st_mode)
    except OSError:
        return False


def _flush(folder: Path) -> None:
    """Write the names in a folder to the disk, where the system lets programs do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
