"""Opening files to read, whoever put them there: what waits for ever, or never ends, is refused instead of opened."""

import errno
import io
import os
import select
import stat

PATIENCE = 10.0
"""Seconds after which nobody is expected to write to a pipe any more."""

_NO_FILES = {stat.S_IFIFO: "a pipe", stat.S_IFCHR: "a device", stat.S_IFBLK: "a device", stat.S_IFSOCK: "a socket"}


def open_file(path: "os.PathLike[str] | str", *, pipes: bool = False) -> io.BufferedReader:
    """A file, opened to read bytes. With ``pipes``, it may be one of those, if somebody writes to it.

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
    """Open without waiting until somebody writes to a pipe, and without making a terminal ours."""
    return os.open(path, flags | getattr(os, "O_NONBLOCK", 0) | getattr(os, "O_NOCTTY", 0))
