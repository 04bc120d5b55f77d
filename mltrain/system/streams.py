"""The standard streams where they are not what programs expect: closed, full, or with nobody at the other end."""

import contextlib
import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


def open_closed() -> None:
    """Put something in the place of streams that were closed before we began, as by ``>&-`` in a shell.

    Otherwise the next files that are opened get their numbers, and what a library writes to stderr may end in a model.
    In the place of stdout comes what cannot be written to, because a lost result is an error.
    """
    for name, mode in (("stdin", "r"), ("stdout", "r"), ("stderr", "w")):
        if getattr(sys, name) is None:
            setattr(sys, name, Path(os.devnull).open(mode, encoding="utf-8"))  # noqa: SIM115 - open to the end


def silence(stream: TextIO) -> None:
    """From now on, what is written to the stream goes nowhere, and so does what it has not got rid of yet."""
    with contextlib.suppress(OSError, ValueError):  # streams of tests have no number
        nowhere = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nowhere, stream.fileno())
        os.close(nowhere)


class OutputLost(OSError):
    """Results cannot be written; the message says why. No other `OSError` is one of the output."""


class MustArrive:
    """A text stream to write results to. Once it cannot be written to, every attempt raises `OutputLost`.

    That nobody reads any more stays a `BrokenPipeError`.
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
        if self._lost:  # Typer tries first whether it can write, and goes on if it cannot
            raise OutputLost(self._lost)
        try:
            yield
        except BrokenPipeError:
            raise
        except OSError as error:
            silence(self._stream)  # or Python would try once more
            self._lost = error.strerror or "it is closed"
            raise OutputLost(self._lost) from error
