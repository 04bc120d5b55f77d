"""Several files of one folder that change together: all are the old ones, or all are the new ones.

They are written to a folder of their own below it, ``.saving-...``, which is renamed to ``.saved`` when all of it is on
the disk. That moment makes them the new state. What is left is to move them to where they belong; if the program is
killed before it has done so, `settle` does it when somebody is about to read or write the folder.
"""

import contextlib
import errno
import os
import secrets
import shutil
from collections.abc import Collection, Iterator
from pathlib import Path

from mltrain.errors import StorageError
from mltrain.system.files import reason, write_text
from mltrain.system.locks import hold

SAVING, SAVED = ".saving-", ".saved"

GONE = ".gone"
"""The file among those to be moved that names the ones which belong to the old state only, a line each."""


@contextlib.contextmanager
def together(folder: Path, every: Collection[str] = ()) -> Iterator[Path]:
    """A folder to write files to, which take their places in ``folder`` together when the block ends.

    What is in ``folder`` of ``every`` file that there might be, and was not written, goes in the same moment.

    After an exception in the block, ``folder`` is as it was before. Raises `StorageError`.
    """
    try:
        settle(folder)
        delete_abandoned(folder)
        with _staging(folder) as staging:
            try:
                yield staging
            except StorageError as error:
                # Nobody needs to know by what name a file begins.
                raise StorageError(str(error).replace(str(staging), str(folder))) from error
            if gone := [name for name in every if not (staging / name).exists()]:
                write_text(staging / GONE, "\n".join(gone))
            flush(staging)
            _commit(staging, folder)
        settle(folder)
        flush(folder)
    except OSError as error:
        raise StorageError(f"{folder}: cannot be written: {reason(error)}") from error


def settle(folder: Path) -> None:
    """Move the files of a save that was broken off after it was complete. Raises `StorageError`."""
    saved = folder / SAVED
    if not _is_folder(saved):
        return
    try:
        # Somebody else may be at it too, so that files, or all of it, are gone already.
        with contextlib.suppress(FileNotFoundError):
            names = sorted(path.name for path in saved.iterdir())
            if GONE in names:
                _delete_named(saved / GONE, folder)
                names.remove(GONE)
            for name in names:
                with contextlib.suppress(FileNotFoundError):
                    (saved / name).replace(folder / name)
            (saved / GONE).unlink(missing_ok=True)
    except OSError as error:
        raise StorageError(f"{folder}: a save that was broken off cannot be finished: {reason(error)}") from error
    with contextlib.suppress(OSError):
        saved.rmdir()


def _delete_named(gone: Path, folder: Path) -> None:
    """Delete files of ``folder`` itself: a list that somebody has tampered with names nothing beyond it."""
    for name in gone.read_text("utf-8").splitlines():
        if name == Path(name).name and not (folder / name).is_dir():
            (folder / name).unlink(missing_ok=True)


def delete_abandoned(folder: Path) -> None:
    """Delete what killed programs had begun to save to ``folder``, where a lock tells that nobody is at it."""
    for path in folder.glob(f"{SAVING}*"):
        with contextlib.suppress(OSError):
            handle = hold(path)
            try:
                shutil.rmtree(path)
            finally:
                os.close(handle)


def flush(folder: Path) -> None:
    """See to it that the names in a folder are on the disk, where the system lets programs do that."""
    with contextlib.suppress(OSError):
        handle = os.open(folder, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)


def _commit(staging: Path, folder: Path) -> None:
    for path in staging.iterdir():
        if (folder / path.name).is_dir():
            raise StorageError(f"{folder / path.name}: cannot be written: it is a folder")
    saved = folder / SAVED
    while True:
        try:
            staging.rename(saved)
            return
        except OSError as error:
            if error.errno not in (errno.ENOTEMPTY, errno.EEXIST) or saved.is_file() or saved.is_symlink():
                raise
            settle(folder)  # somebody else has saved to the same folder, and may have settled it by now


def _is_folder(path: Path) -> bool:
    """A real one: a link may lead anywhere."""
    return path.is_dir() and not path.is_symlink()


@contextlib.contextmanager
def _staging(folder: Path) -> Iterator[Path]:
    """A new folder below ``folder``, locked where that is possible, and deleted in the end if it is still there."""
    handle = None
    while True:
        staging = folder / f"{SAVING}{secrets.token_hex(4)}"
        staging.mkdir()
        try:
            handle = hold(staging)
        except (BlockingIOError, FileNotFoundError):
            continue  # somebody has found it before it was locked, and deletes it as abandoned
        except OSError:
            pass  # where there are no locks, nobody deletes it
        break
    try:
        yield staging
    finally:
        shutil.rmtree(staging, ignore_errors=True)
        if handle is not None:
            os.close(handle)
