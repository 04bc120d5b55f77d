"""A folder like a fresh clone to type commands in, and a terminal to type them on."""

import gzip
import io
import math
import re
import runpy
import shlex
import shutil
from pathlib import Path

import pytest
from doc_pages import ROOT

from mltrain.cli import main
from mltrain.data.datasets.mnist import Mnist

COLUMNS = "100"


class Screen(io.StringIO):
    """What a terminal has shown, without colours."""

    def isatty(self) -> bool:
        return True

    def text(self) -> str:
        return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", self.getvalue())


def fill(folder: Path) -> None:
    """Put the configs, the tables and the first few images of MNIST into a folder."""
    shutil.copytree(ROOT / "configs", folder / "configs")
    (folder / "data" / "mnist").mkdir(parents=True)
    for table in (ROOT / "data").glob("*.csv"):
        shutil.copy(table, folder / "data")
    for file in Mnist.publication.files:
        count = 640 if file.name.startswith("train") else 100
        with gzip.open(ROOT / "data" / "mnist" / file.name) as source:
            kind, _ = source.read(4), source.read(4)
            lengths = source.read(4 * (kind[3] - 1))
            size = math.prod(int.from_bytes(lengths[at : at + 4]) for at in range(0, len(lengths), 4))
            content = kind + count.to_bytes(4) + lengths + source.read(count * size)
        (folder / "data" / "mnist" / file.holds[0]).write_bytes(content)


def draw_photographs(folder: Path) -> None:
    """What ``python docs/make_photographs.py`` draws."""
    pytest.importorskip("PIL.Image")
    runpy.run_path(str(ROOT / "docs" / "make_photographs.py"))["make"](folder)


def type_in(command: str, monkeypatch: pytest.MonkeyPatch) -> tuple[int, str]:
    """The exit code of a command, and what the terminal shows of it."""
    screen = Screen()
    with monkeypatch.context() as during:
        during.setattr("sys.argv", shlex.split(command, comments=True))
        during.setattr("sys.stdout", screen)
        during.setattr("sys.stderr", screen)
        with pytest.raises(SystemExit) as end:
            main()
    assert isinstance(end.value.code, int)
    return end.value.code, screen.text()


def prepare(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Make ``folder`` the working folder of a user on a terminal: one without network, and with one core."""
    fill(folder)
    monkeypatch.chdir(folder)
    monkeypatch.setenv("MLTRAIN_OFFLINE", "1")
    monkeypatch.setenv("MLTRAIN_CACHE", str(folder / "cache"))
    monkeypatch.setenv("MLTRAIN_THREADS", "1")
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", COLUMNS)
    monkeypatch.delenv("CI", raising=False)
    # A screen keeps every frame; only what stays is of interest.
    monkeypatch.setattr("mltrain.views.terminal.redraw.REDRAW_INTERVAL", math.inf)
