"""What the Tab key offers, asked for as shells ask: by a variable of the environment."""

import os
import pty
import re
import select
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_runs import lesson, succeed

from mltrain.commands.completion import complete, names_to_explain, settings
from mltrain.config.families import SECTIONS, members
from mltrain.export.base import Format

CONFIG = """\
dataset: {type: csv, path: rows.csv, target: price}
layers:
  - {type: dense, units: 4, activation: relu}
  - {type: dense, units: 1}
loss: mse
optimizer: adam
metrics: [mae]
"""


@pytest.fixture(autouse=True)
def folder(work: Path) -> Path:
    (work / "c.yaml").write_text(CONFIG)
    (work / "rows.csv").write_text("size,colour,price\n1,red,3\n2,blue,5\n")
    return work


def offered(line: str, shell: str = "bash") -> list[str]:
    """What a shell is answered where the cursor is at the end of the line. Bash divides words at = and :."""
    words = [part for word in line.split(" ") for part in re.split("([=:]+)", word) if part or not word]
    asked = {
        "_MLTRAIN_COMPLETE": f"complete_{shell}",
        "COMP_WORDS": "\n".join(words),
        "COMP_CWORD": str(len(words) - 1),
        "_TYPER_COMPLETE_ARGS": line,
        "_TYPER_COMPLETE_FISH_ACTION": "get-args",
    }
    code = "import sys; sys.argv[0] = 'mltrain'; from mltrain.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, encoding="utf-8", check=False
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.split()


def test_everything_with_a_name_can_be_explained() -> None:
    names = {*SECTIONS, *(member.type_name() for _, member in members()), "export", *Format.family.names()}
    assert set(names_to_explain()) == names


@pytest.mark.parametrize(
    ("line", "choices"),
    [
        ("mltrain ev", ["evaluate"]),
        ("mltrain explain dens", ["dense"]),
        ("mltrain init li", ["line_2x_minus_1", "linear"]),
        ("mltrain init csv rows.csv --target ", ["size", "colour", "price"]),
        ("mltrain fit c.yaml --set optimizer.be", ["optimizer.beta_1=", "optimizer.beta_2="]),
        ("mltrain runs --sort ep", ["epochs"]),
        ("mltrain init csv nowhere.csv --target ", []),
        ("mltrain fit c.yaml --set nothing.", []),
        ("mltrain fit c.yaml --set optimizer=ada", ["adagrad", "adam", "adamw"]),
        ("mltrain fit c.yaml --set dataset.target=", ["size", "colour", "price"]),
        ("mltrain fit c.yaml --set=dataset.target=si", ["size"]),
        ("mltrain fit c.yaml --set seed=1 --set optimizer.be", ["optimizer.beta_1=", "optimizer.beta_2="]),
        ("mltrain init csv rows.csv --target=col", ["colour"]),
        ("mltrain runs --sort=ep", ["epochs"]),
    ],
)
def test_what_bash_is_answered(line: str, choices: list[str]) -> None:
    assert offered(line) == choices


def test_what_zsh_and_fish_are_answered() -> None:
    assert '"dense"' in " ".join(offered("mltrain explain dens", "zsh"))
    assert offered("mltrain explain dens", "fish") == ["dense"]
    assert offered("mltrain fit c.yaml --set optimizer=adamw", "fish") == ["optimizer=adamw"]


@pytest.mark.skipif(sys.platform != "linux" or shutil.which("bash") is None, reason="needs a current bash")
def test_the_tab_key_of_bash_inserts_the_value_behind_the_sign(folder: Path) -> None:
    program = folder / "mltrain"
    program.write_text(f"#!{sys.executable}\nfrom mltrain.cli import main\nmain()\n")
    program.chmod(0o755)
    install = subprocess.run(
        [program], env={**os.environ, "_MLTRAIN_COMPLETE": "source_bash"}, capture_output=True, text=True, check=True
    )
    (folder / "install.sh").write_text(f"{install.stdout}\nPATH=$PWD:$PATH; bind 'set enable-bracketed-paste off'\n")
    child, terminal = pty.fork()
    if not child:
        os.execvp("bash", ["bash", "--noprofile", "--rcfile", "install.sh", "-i"])
    try:
        os.write(terminal, b"mltrain check c.yaml --set optimizer=adag\t--set dataset.target=pr\t")
        shown = b""
        while b"optimizer=adagrad --set dataset.target=price" not in shown:
            assert select.select([terminal], [], [], 20)[0], shown
            shown += os.read(terminal, 1000)
    finally:
        os.kill(child, signal.SIGKILL)
        os.waitpid(child, 0)
        os.close(terminal)


def test_runs_and_models_are_offered_by_name_and_path(folder: Path) -> None:
    succeed("fit", lesson("linear"), "--epochs", "1", "--quiet")
    (folder / "other.npz").write_bytes(b"")
    (folder / "notes.txt").write_bytes(b"")
    runs = ["latest", "linear-001", "runs/"]
    assert complete("runs", {}, [], "") == runs
    assert complete("models", {}, [], "") == ["latest", "linear-001", "other.npz", "runs/"]
    assert complete("configs_or_models", {}, [], "") == ["c.yaml", "other.npz", "runs/", "latest", "linear-001"]
    assert complete("models", {}, [], "runs/") == ["runs/linear-001/"]
    assert "runs/linear-001/model.npz" in complete("models", {}, [], "runs/linear-001/m")
    for command in ("predict", "evaluate", "plot", "report", "predict --model", "fit --resume", "runs diff", "runs rm"):
        assert "linear-001" in offered(f"mltrain {command} l"), command


def test_without_runs_there_is_no_latest() -> None:
    assert complete("runs", {}, [], "") == []


@pytest.mark.parametrize(
    ("typed", "choices"),
    [
        ("optimizer.learning", {"optimizer.learning_rate="}),
        ("layers.1.un", {"layers.1.units="}),
        ("layers.2.", set()),
        ("training.early_stopping.pa", {"training.early_stopping.patience="}),
        ("dataset.targ", {"dataset.target="}),
        ("dataset.target=", {"dataset.target=size", "dataset.target=colour", "dataset.target=price"}),
        ("dataset.type=par", {"dataset.type=parquet"}),
        ("optimizer=ada", {"optimizer=adagrad", "optimizer=adam", "optimizer=adamw"}),
        ("layers.0.activation=so", {"layers.0.activation=softmax", "layers.0.activation=softplus"}),
        ("metrics=[r2", {"metrics=[r2]"}),
        ("training.shuffle=", {"training.shuffle=true", "training.shuffle=false"}),
        (
            "training.early_stopping.monitor=val_",
            {f"training.early_stopping.monitor=val_{one}" for one in ("loss", "mae")},
        ),
    ],
)
def test_settings_of_the_config_that_was_named(typed: str, choices: set[str]) -> None:
    assert set(complete("settings", {"config": Path("c.yaml")}, [], typed)) == choices
    assert set(complete("settings", {"config": None}, ["c.yaml"], typed)) == choices


def test_settings_without_a_config_are_those_that_every_config_has() -> None:
    every = set(settings({"words": []}, ""))
    assert {"seed=", "training.epochs=", "optimizer.learning_rate="} <= every


def test_a_config_that_cannot_be_read_is_no_trouble(folder: Path) -> None:
    (folder / "c.yaml").write_text("dataset: [")
    assert "seed=" in complete("settings", {"config": "c.yaml"}, [], "se")


def test_columns_of_the_model_that_was_named(folder: Path) -> None:
    model = str(Path(__file__).parents[1] / "models_of_0_1_0" / "table" / "model.npz")
    for given, words in (({"path": model}, []), ({"model": Path(model)}, []), ({"path": None}, [model])):
        assert complete("columns_of_model", given, words, "") == ["size", "colour", "weight"]
    assert complete("columns_of_model", {"path": "none.npz"}, [], "") == []


def test_no_failure_is_told() -> None:
    assert complete("columns", {"rows": None}, [], "") == []
    assert complete("no such function", {}, [], "") == []
