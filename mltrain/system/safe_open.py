"""Opening untrusted files to read: devices, sockets and pipes, which may block for ever or never end, are refused."""

import errno
import io
import os
import select
import stat

PATIENCE = 10.0
"""Seconds to wait for the first bytes of a pipe."""

_NO_FILES = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket"}


def open_file(path: "os.PathLike[str] | str", *, pipes: bool = False) -> io.BufferedReader:
    """A file, opened to read bytes. With ``pipes``, named pipes are accepted when a program writes to them.

    Raises `OSError`, for devices, sockets and other pipes, too.
    """
    file = io.FileIO(os.fspath(path), "rb", opener=_open_at_once)
    try:
        kind = stat.S_IFMT(os.fstat(file.fileno()).st_mode)
        if pipes and kind == stat.S_IFIFO:
            if not select.select([file], [], [], PATIENCE)[0]:
                raise OSError(errno.ETIMEDOUT, f"it is a pipe, and nothing came out of it for {PATIENCE:g} seconds")
        elif kind in _NO_FILES:
            raise OSError(errno.EINVAL, f"it is {_NO_FILES[kind]}, not a file")
        if hasattr(os, "O_NONBLOCK"):
            os.set_blocking(file.fileno(), True)
    except BaseException:
        file.close()
        raise
    return io.BufferedReader(file)


def _open_at_once(path: str, flags: int) -> int:
    """Open without waiting for a pipe's writer, and without acquiring a controlling terminal."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
