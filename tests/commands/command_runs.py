"""Ways to run ``mltrain``: within the test's own process, in one of its own, and on a terminal that a test types on."""

import contextlib
import fcntl
import io
import json
import os
import pty
import re
import select
import struct
import subprocess
import sys
import termios
import time
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple
from unittest.mock import patch

import pytest

from mltrain.cli import main

ROOT = Path(__file__).parents[2]
CONFIGS = ROOT / "configs"

RUN_FILES = ["checkpoint.npz", "config.yaml", "frames.npz", "history.csv", "model.npz"]
"""What a training leaves in its folder where epochs are not judged, in alphabetical order."""

PATIENCE = 120.0
"""Seconds after which a process that should have said or ended something counts as hanging."""

COLUMNS, LINES = 100, 30

NO_RUN = "error: there is no run below runs/ yet; train one with: mltrain fit CONFIG, or name one with --model\n"


class Done(NamedTuple):
    """What a command ended with and wrote."""

    code: int
    out: str
    err: str

    @property
    def document(self) -> dict[str, Any]:
        """The one JSON document on stdout."""
        document: dict[str, Any] = json.loads(self.out)
        assert self.out.count("\n") == 1
        return document

    @property
    def last_line(self) -> str:
        return self.err.splitlines()[-1]


@contextlib.contextmanager
def stopped_at(asked: int) -> Iterator[None]:
    """Within this, the user types Ctrl-C before step number ``asked``, counted from 0."""

    @contextlib.contextmanager
    def interruptible() -> Iterator[Callable[[], bool]]:
        steps = iter(range(asked))
        yield lambda: next(steps, None) is None

    with pytest.MonkeyPatch.context() as replaced:
        replaced.setattr("mltrain.commands.train_and_save.interruptible", interruptible)
        yield


def lesson(name: str) -> str:
    """The path of a config, as it is typed."""
    return str(CONFIGS / f"{name}.yaml")


def mltrain(*words: str) -> Done:
    """Run a command here, where it costs no new process."""
    out, err = io.StringIO(), io.StringIO()
    with (
        patch("sys.argv", ["mltrain", *words]),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
        pytest.raises(SystemExit) as end,
    ):
        main()
    assert isinstance(end.value.code, int)
    return Done(end.value.code, out.getvalue(), err.getvalue())


def succeed(*words: str) -> Done:
    """Run a command that must not fail."""
    done = mltrain(*words)
    assert done.code == 0, done.err
    return done


def in_own_process(*words: str, cwd: Path | None = None, **environment: str) -> Done:
    """Run a command as a shell does, with the environment of the test and what is given."""
    done = subprocess.run(
        [sys.executable, "-m", "mltrain", *words],
        cwd=cwd,
        env={**os.environ, **environment},
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    return Done(done.returncode, done.stdout, done.stderr)


class PseudoTerminal:
    """A terminal in which one command runs. What it shows is in ``shown``, with stdout and stderr as one."""

    def __init__(self, process: "subprocess.Popen[bytes]", screen: int):
        self.process, self._screen, self._bytes = process, screen, b""

    @property
    def shown(self) -> str:
        return self._bytes.decode("utf-8", "replace")

    def type(self, text: str) -> None:
        os.write(self._screen, text.encode())

    def hang_up(self) -> None:
        """Close the window."""
        os.close(self._screen)
        self._screen = -1

    def close(self) -> None:
        self.process.kill()
        self.process.wait()
        if self._screen >= 0:
            os.close(self._screen)

    def wait_for(self, text: str) -> None:
        """Look at the screen until ``text`` is there."""
        for _ in self._look():
            if text in self.shown:
                return
        raise AssertionError(f"{text!r} was never shown, but this: {self.shown}")

    def wait_for_end(self) -> int:
        """Look at the screen until the command has ended; its exit code."""
        for _ in self._look():
            pass
        return self.process.wait(PATIENCE)

    def _look(self) -> Iterator[None]:
        """Read what comes, until nothing can come any more."""
        deadline = time.monotonic() + PATIENCE
        yield
        while time.monotonic() < deadline:
            if not select.select([self._screen], [], [], 0.2)[0]:
                continue
            try:
                piece = os.read(self._screen, 65536)
            except OSError:  # so says Linux that nobody has the terminal open any more
                return
            if not piece:
                return
            self._bytes += piece
            yield
        raise AssertionError(f"nothing ended it within {PATIENCE:g} s: {self.shown}")


@contextlib.contextmanager
def pseudo_terminal(
    *words: str, preface: str = "", columns: int = COLUMNS, **environment: str | None
) -> Iterator[PseudoTerminal]:
    """Run a command on a terminal of its own, which turns Ctrl-C into a signal; ``preface`` is Python to run before.

    Of the ``environment``, None takes a variable away.
    """
    screen, keyboard = pty.openpty()
    fcntl.ioctl(keyboard, termios.TIOCSWINSZ, struct.pack("HHHH", LINES, columns, 0, 0))
    code = "import fcntl, sys, termios\nfcntl.ioctl(0, termios.TIOCSCTTY, 0)\nsys.argv[0] = 'mltrain'\n"
    code += f"{preface}\nfrom mltrain.cli import main\nmain()"
    own = {name: value for name, value in os.environ.items() if name not in ("NO_COLOR", "COLUMNS", "LINES", "CI")}
    given: dict[str, str | None] = {**own, "TERM": "xterm-256color", "LANG": "C.UTF-8", **environment}
    process = subprocess.Popen(
        [sys.executable, "-c", code, *words],
        stdin=keyboard,
        stdout=keyboard,
        stderr=keyboard,
        start_new_session=True,
        env={name: value for name, value in given.items() if value is not None},
    )
    os.close(keyboard)
    with contextlib.closing(PseudoTerminal(process, screen)) as terminal:
        yield terminal


def without_codes(text: str) -> str:
    """What a terminal shows, without colours and moves of the cursor."""
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r", "")


def files(folder: Path) -> dict[str, bytes]:
    """The content of a folder."""
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def columns_of(line: str) -> Sequence[str]:
    """The words of a line of a table, which two or more spaces separate."""
    return re.split(r" {2,}", line.strip())
