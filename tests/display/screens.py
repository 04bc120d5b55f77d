"""Streams, clocks and terminals to show things on in tests."""

import io
import re

from rich.console import Console

from mltrain.training.epoch_report import EpochReport
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import View


class Tty(io.StringIO):
    """A terminal that remembers what was written to it."""

    def isatty(self):
        return True


class Clock:
    """A clock that stands still unless somebody moves it."""

    def __init__(self):
        self.now = 100.0

    def __call__(self):
        return self.now


def encoded_stream(encoding, *, tty=False):
    """A stream of that encoding, strict about it, and the bytes that reach it."""
    raw = io.BytesIO()
    stream = io.TextIOWrapper(raw, encoding=encoding, write_through=True)
    stream.isatty = lambda: tty
    return stream, raw


def terminal(*, tty=False, **decisions):
    """A terminal (or not) whose streams are in memory: what it writes is in ``.out`` and ``.err`` of the result."""
    out, err = (Tty(), Tty()) if tty else (io.StringIO(), io.StringIO())
    return Terminal(out=out, err=err, **decisions), out, err


def without_styles(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text)


def last_drawing(text):
    """What was drawn last: everything behind the codes that wipe the drawing before it."""
    return without_styles(re.split(r"\x1b\[2K|\x1b\[\?25[lh]", without_styles(text).removesuffix("\x1b[?25h"))[-1])


def painted(view: View, width: int):
    """The lines that Rich makes of a view on a terminal of that width."""
    console = Console(
        file=Tty(), force_terminal=True, width=width, height=24, color_system="truecolor", highlight=False
    )
    console.print(view, crop=False)
    return without_styles(console.file.getvalue()).removesuffix("\n").split("\n")


def report(epoch=1, epochs=5, **changes):
    row_spec = {"steps": 10, "seconds": 0.00412, "loss": 0.1234, "metrics": {}, "val_loss": None, "val_metrics": {}}
    return EpochReport(epoch, epochs, **{**row_spec, "tracked": {}, **changes})
