"""The standard streams where they are not what programs expect: closed, full, or with nobody at the other end."""

import contextlib
import os
import sys
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


def reason(error: OSError) -> str:
    """Why a stream cannot be written to, in words."""
    return error.strerror or "it is closed"
