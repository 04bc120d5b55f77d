"""Locks on files and folders. The system releases a lock when its program ends, so a lock tells that a program runs.

Windows and some network drives have no such locks; they raise `OSError`.
"""

import os
import sys
import time
from pathlib import Path

if sys.platform != "win32":
    import fcntl

_PAUSE = 0.002
"""Seconds between two attempts to get a lock."""


def lock(handle: int) -> None:
    """Lock an open file or folder until it is closed.

    Raises BlockingIOError if another program has locked it, and another OSError where there are no locks.
    """
    if sys.platform == "win32":
        raise OSError("there are no such locks on Windows")
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def wait_for(handle: int) -> None:
    """As `lock`, but waits while another program holds it."""
    if sys.platform == "win32":
        raise OSError("there are no such locks on Windows")
    fcntl.flock(handle, fcntl.LOCK_EX)


def hold_if_possible(path: Path, patience: float = 0.0) -> int | None:
    """As `hold`, but None where there are no locks."""
    try:
        return hold(path, patience)
    except (BlockingIOError, FileNotFoundError):
        raise
    except OSError:
        return None


def release(handle: int | None) -> None:
    """Unlock what `hold_if_possible` locked."""
    if handle is not None:
        os.close(handle)


def hold(path: Path, patience: float = 0.0) -> int:
    """Open and lock a file or folder, but not what a symbolic link leads to; `os.close` unlocks it.

    ``patience`` is how many seconds to wait for another program that holds it. Raises as `lock` does, and
    FileNotFoundError if ``path`` is not there, or is another file by the time that it is locked.
    """
    deadline = time.monotonic() + patience
    while True:
        handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0) | getattr(os, "O_NONBLOCK", 0))
        try:
            lock(handle)
            if not os.path.samestat(os.fstat(handle), path.lstat()):
                raise FileNotFoundError(f"{path} is another one now")
        except BlockingIOError:
            os.close(handle)
            if time.monotonic() >= deadline:
                raise
            time.sleep(_PAUSE)
        except BaseException:
            os.close(handle)
            raise
        else:
            return handle
