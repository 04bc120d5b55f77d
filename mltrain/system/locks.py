"""Locks on files and folders. They end with the program that holds them, however that ends: so they tell who lives.

Windows has none that suit, and neither have some network drives; `OSError` says so.
"""

import os
import sys
from pathlib import Path

if sys.platform != "win32":
    import fcntl


def lock(handle: int) -> None:
    """Lock an open file or folder until it is closed.

    Raises BlockingIOError if somebody else has locked it, and another OSError where there are no locks.
    """
    if sys.platform == "win32":
        raise OSError("there are no such locks on Windows")
    fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)


def hold(path: Path) -> int:
    """Open and lock a file or folder, but not what a symbolic link leads to; `os.close` lets it go.

    Raises as `lock` does, and FileNotFoundError if it is not there, or no more when it is locked.
    """
    handle = os.open(path, os.O_RDONLY | getattr(os, "O_NOFOLLOW", 0))
    try:
        lock(handle)
        if not os.path.samestat(os.fstat(handle), path.lstat()):
            raise FileNotFoundError(f"{path} is another one now")
    except BaseException:
        os.close(handle)
        raise
    return handle
