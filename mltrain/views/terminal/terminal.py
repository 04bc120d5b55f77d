"""stdout and stderr: all output of mltrain goes through this module.

Results go to stdout, other output to stderr. Rich, whose import takes 55 ms, is imported at the first output to a
terminal, and not at all for files and pipes.
"""

import json
import os
import sys
from collections.abc import Mapping
from functools import cached_property
from math import isfinite
from typing import IO, TYPE_CHECKING, Any, TextIO, cast

from mltrain.system.streams import silence
from mltrain.views.terminal.ascii_fallback import AsciiFallback
from mltrain.views.terminal.messages import error, note, warning
from mltrain.views.terminal.views import View, verbatim

if TYPE_CHECKING:
    from rich.console import Console


class Channel:
    """One stream. ``is_terminal``: it is a terminal that can move its cursor.

    ``must_arrive``: a failed write, as on a full disk, is an error. Otherwise write errors are ignored: a closed window
    or a broken pipe must not stop a training.
    """

    def __init__(self, stream: TextIO, *, must_arrive: bool = True):
        # Windows sets no TERM; elsewhere a terminal without it has no known capabilities.
        kind = os.environ.get("TERM") or ("windows" if sys.platform == "win32" else "dumb")
        self.is_terminal = stream.isatty() and kind not in ("dumb", "unknown")
        heard = stream if must_arrive else cast(TextIO, Forgiving(stream))
        # The console of Linux itself has neither braille nor all blocks in its font.
        self._stream = AsciiFallback(heard, ascii_only=kind == "linux")

    @cached_property
    def console(self) -> "Console":
        """Rich's view of the stream, which knows its size and colours; NO_COLOR is honoured."""
        from rich.console import Console

        return Console(file=cast(IO[str], self._stream), markup=False, highlight=False, emoji=False)

    def print(self, view: View) -> None:
        """Show ``view``: in colour and within the borders on a terminal, as plain text elsewhere."""
        if self.is_terminal:
            self.console.print(view, end="", crop=False)
        else:
            self._stream.write(f"{view}\n")

    def prompt(self, question: str) -> None:
        """Write ``question`` and stay on its line."""
        print(verbatim(question), end=" ", file=cast(IO[str], self._stream), flush=True)


class Forgiving:
    """A writable text stream that discards all text after a write error."""

    def __init__(self, stream: TextIO):
        self._stream = stream

    def write(self, text: str) -> int:
        try:
            return self._stream.write(text)
        except OSError:
            silence(self._stream)
            return len(text)

    def flush(self) -> None:
        try:
            self._stream.flush()
        except OSError:
            silence(self._stream)

    def __getattr__(self, name: str) -> object:
        return getattr(self._stream, name)


class Terminal:
    """The output of a command. ``quiet``: only results, warnings and errors. ``json``: results as JSON."""

    def __init__(
        self, *, quiet: bool = False, json: bool = False, out: TextIO | None = None, err: TextIO | None = None
    ):
        self.quiet, self.json = quiet, json
        self.out, self.err = Channel(out or sys.stdout), Channel(err or sys.stderr, must_arrive=False)

    @property
    def is_attended(self) -> bool:
        """Whether the command is interactive: stderr and stdin are a terminal."""
        return self.err.is_terminal and sys.stdin is not None and sys.stdin.isatty()

    def result(self, view: View, document: Mapping[str, Any]) -> None:
        """Print the result of the command: ``view``, or ``document`` with ``--json``."""
        if self.json:
            self.out.print(verbatim(json.dumps(_without_nan(document), allow_nan=False)))
        else:
            self.out.print(view)

    def ask(self, question: str) -> str | None:
        """The user's answer to ``question``; None without a terminal, or at the end of stdin."""
        if not (sys.stdin.isatty() and self.err.is_terminal):
            return None
        self.err.prompt(question)
        return sys.stdin.readline() or None

    def note(self, text: str) -> None:
        if not self.quiet:
            self.err.print(note(text))

    def warning(self, text: str) -> None:
        self.err.print(warning(text))

    def error(self, text: str) -> None:
        self.err.print(error(text))


def _without_nan(value: Any) -> Any:
    """JSON has no infinite numbers and no NaN: they become null."""
    if isinstance(value, Mapping):
        return {key: _without_nan(one) for key, one in value.items()}
    if isinstance(value, list | tuple):
        return [_without_nan(one) for one in value]
    return None if isinstance(value, float) and not isfinite(value) else value
