"""stdin, stdout and stderr where they are closed, on a full disk, or a broken pipe."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


def open_closed() -> None:
    """Replace streams that were closed before the program started, as by ``>&-`` in a shell.

    Otherwise the next opened files get their descriptors, and a library that writes to stderr may write into a model.
    A closed stdout is replaced by a stream that cannot be written to, because a lost result is an error.
    """
    for name, mode in (("stdin", "r"), ("stdout", "r"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open to the end


def silence(stream: TextIO) -> None:
    """Discard what is written to the stream from now on, and what it has buffered."""
    with contextlib.suppress(OSError, ValueError):  # streams of tests have no file descriptor
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class OutputLost(OSError):
    """Results cannot be written; the message says why. No other `OSError` is one of the output."""


class MustArrive:
    """A text stream to write results to. Once it cannot be written to, every attempt raises `OutputLost`.

    A closed pipe still raises `BrokenPipeError`.
    """

    def __init__(self, stream: TextIO):
        self._stream = stream
        self._lost = ""

    def write(self, text: str) -> int:
        with self._told():
            return self._stream.write(text)

    def flush(self) -> None:
        with self._told():
            self._stream.flush()

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)

    @contextlib.contextmanager
    def _told(self) -> Iterator[None]:
        if self._lost:  # Typer writes once to test the stream, and continues if that fails
            raise OutputLost(self._lost)
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            silence(self._stream)  # or Python would flush it once more
            self._lost = error.strerror or "it is closed"
            raise OutputLost(self._lost) from error
