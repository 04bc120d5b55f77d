"""What every command shows on terminals of several widths: nothing is wider than the terminal, and no word is cut."""

import io
import re
from collections.abc import Iterator
from contextlib import redirect_stderr, redirect_stdout, suppress
from pathlib import Path
from unittest.mock import patch

import pytest
from command_runs import CONFIGS, lesson, succeed

from mltrain.cli import app, main
from mltrain.views.terminal.views import cells, pieces

WIDTHS = (40, 60, 80, 200)

ROWS = """\
Farbe der Blüte,blatt_länge_mm,高度,unvergleichlichkeit_der_messung,art
rötlich violett,5.1,3,0.25,鳶尾花
tiefblau,4.9,2,0.5,lilie
rötlich violett,6.2,4,0.125,鳶尾花
tiefblau,4.5,1,0.75,lilie
weiß,5.0,2,0.3,osterglocke_im_garten
weiß,5.5,3,0.6,osterglocke_im_garten
"""

CONFIG = """\
dataset: {type: csv, path: rows.csv, target: art, columns: {高度: {type: number}}}
layers:
  - {type: dense, units: 8, activation: relu, name: first_hidden_layer}
  - {type: dense, units: 3, activation: softmax}
loss: sparse_categorical_crossentropy
metrics: [accuracy]
training: {epochs: 30}
"""

COMMANDS = [
    "data flowers.yaml",
    f"data {lesson('linear')}",
    "evaluate flowers-001",
    "evaluate numbers-001",
    "predict flowers-001 --input rows.csv",
    "predict numbers-001 --x 1,2,3",
    "summary flowers-001",
    "summary flowers.yaml",
    "runs",
    "runs diff flowers-001 numbers-001",
    "check flowers.yaml numbers.yaml",
    "check wrong.yaml",
    "explain",
    "explain adam",
    "explain csv",
    "init",
    "plot flowers-001 --terminal",
    "plot numbers-001 --terminal",
    "fit flowers.yaml",
    "fit numbers.yaml --profile",
    "fit nowhere.yaml",
    "evaluate nowhere",
    "train",
    "predict --epochs 3",
    "fit --epochs many",
    "--help",
    "runs --help",
    *(f"{command.callback.__name__} --help" for command in app.registered_commands if command.callback),
]


class Tty(io.StringIO):
    """A terminal in memory."""

    def isatty(self) -> bool:
        return True


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Two runs: one that tells classes apart, with names in several scripts, and one of numbers."""
    folder = tmp_path_factory.mktemp("widths")
    with pytest.MonkeyPatch.context() as patches:
        patches.chdir(folder)
        patches.setenv("MLTRAIN_OFFLINE", "1")
        (folder / "rows.csv").write_text(ROWS, "utf-8")
        (folder / "flowers.yaml").write_text(CONFIG, "utf-8")
        numbers = "dataset: {type: inline, x: [[1, 2, 3], [4, 5, 6], [7, 8, 10]], y: [[1, 2], [3, 4], [5, 7]]}\n"
        numbers += (
            "layers: [{type: dense, units: 2}]\nloss: mse\nmetrics: [mean_absolute_error, root_mean_squared_error]\n"
        )
        (folder / "numbers.yaml").write_text(numbers, "utf-8")
        (folder / "wrong.yaml").write_text(CONFIG.replace("units: 8", "unit: 8").replace("art", "鳶尾"), "utf-8")
        succeed("fit", "flowers.yaml", "--quiet")
        succeed("fit", "numbers.yaml", "--quiet")
        yield folder


def shown(line: str, width: int, folder: Path) -> str:
    """What a command shows on a terminal, when the last drawing of what moves is done."""
    out = Tty()
    environment = {"COLUMNS": str(width), "LINES": "50", "TERM": "xterm", "NO_COLOR": "1"}
    with (
        pytest.MonkeyPatch.context() as patches,
        patch.dict("os.environ", environment),
        patch("sys.argv", ["mltrain", *line.split()]),
        redirect_stdout(out),
        redirect_stderr(out),
        suppress(SystemExit),
    ):
        patches.chdir(folder)
        main()
    last = re.split(r"\x1b\[\?25[lh]|\x1b\[1A\x1b\[2K", out.getvalue())
    text = "".join(last) if len(last) < 4 else last[0] + last[-2] + last[-1]
    return re.sub(r"\x1b\[[0-9;?]*[a-zA-Z]", "", text).replace("\r", "\n")


def words(text: str) -> list[str]:
    """The pieces of words that no line may break."""
    return [piece.strip().rstrip(",") for line in text.split("\n") for piece in pieces(line)]


def is_unbreakable(line: str) -> bool:
    """One word, such as a path, or a command to copy."""
    return len(line.split()) == 1 or "mltrain " in line or line.strip().startswith("dataset: {")


@pytest.mark.parametrize("line", COMMANDS)
def test_every_line_fits_and_no_word_is_cut(line: str, folder: Path) -> None:
    whole = set(words(shown(line, 400, folder)))
    for width in WIDTHS:
        text = shown(line, width, folder)
        assert text.strip()
        too_long = [one for one in text.split("\n") if cells(one.rstrip()) > width and not is_unbreakable(one)]
        assert not too_long, width
        if "fit" in line.split():  # times and numbers of runs differ, and so does what the live table shows
            continue
        letters = [word for word in words(text) if re.search(r"[^\W\d_]", word) and not word.startswith("k-")]
        cut = [word for word in letters if word not in whole and not any(word in one for one in WORDS_OF_LAYOUT)]
        assert not cut, width


WORDS_OF_LAYOUT = ("default", "required", "true", "taken for", "rows")
"""What a narrow layout says in other words than a wide one."""


def test_lessons_are_listed_in_whole_words(folder: Path) -> None:
    text = shown("init", 40, folder)
    for path in CONFIGS.glob("*.yaml"):
        assert path.stem in text
