"""What is typed before any command begins its work: the command's name, help, the version; and streams that close."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from command_runs import PATIENCE, in_own_process, lesson, mltrain, succeed

import mltrain as package

COMMANDS = [
    "fit",
    "sweep",
    "predict",
    "evaluate",
    "compare",
    "why",
    "data",
    "plot",
    "report",
    "export",
    "serve",
    "summary",
    "check",
    "code",
    "init",
    "explain",
    "schema",
    "runs",
]


@pytest.mark.parametrize(("typed", "meant"), [("fti", "fit"), ("predcit", "predict"), ("evalute", "evaluate")])
def test_unknown_command_with_a_near_miss(typed: str, meant: str) -> None:
    done = mltrain(typed, "x.yaml")
    assert (done.code, done.out) == (2, "")
    assert done.err == f"error: there is no command '{typed}'; did you mean '{meant}'?\n"


def test_unknown_command() -> None:
    assert mltrain("zzz") == (2, "", "error: there is no command 'zzz'; list them with: mltrain --help\n")


@pytest.mark.parametrize(
    ("words", "answer"),
    [
        (("train", "x.yaml"), "there is no command 'train'; did you mean 'fit'?"),
        (("test",), "there is no command 'test'; did you mean 'evaluate'?"),
        (("linear.yaml",), "there is no command 'linear.yaml'; train a config with: mltrain fit linear.yaml"),
        (("linear",), "there is no command 'linear'; write the starter of that name with: mltrain init linear"),
        (
            ("fit", "linear"),
            "linear: there is no such file, but a starter of that name; write it to linear.yaml with: "
            "mltrain init linear",
        ),
    ],
)
def test_words_of_other_tools_lead_to_a_command(words: tuple[str, ...], answer: str) -> None:
    assert mltrain(*words) == (2, "", f"error: {answer}\n")


def test_unknown_option_that_is_like_no_other() -> None:
    assert mltrain("predict", "--epoch", "3").last_line == "Error: No such option: --epoch"


def test_a_table_is_no_config(work: Path) -> None:
    (work / "rows.csv").write_text("a,b\n1,2\n")
    advice = "write a config for it with: mltrain init csv rows.csv --target COLUMN"
    assert mltrain("fit", "rows.csv") == (2, "", f"error: rows.csv: this is a table, not a config; {advice}\n")


def test_unknown_option_with_a_near_miss() -> None:
    done = mltrain("fit", lesson("linear"), "--epoch", "3")
    assert (done.code, done.last_line) == (2, "Error: No such option: --epoch (Possible options: --epochs)")


def test_missing_config() -> None:
    done = mltrain("fit")
    assert (done.code, done.out) == (2, "")
    assert done.err == "error: say what to train: a CONFIG, or --resume with the run to go on with\n"


@pytest.mark.parametrize("words", [["--help"], ["-h"]])
def test_help_lists_the_commands_on_stdout(words: list[str]) -> None:
    done = succeed(*words)
    assert done.err == ""
    listed = done.out.partition("Commands:\n")[2].partition("\n\n")[0].splitlines()
    assert [line.split()[0] for line in listed] == COMMANDS


def test_no_words_are_a_mistake_that_gets_help() -> None:
    done = mltrain()
    assert done.code == 2
    assert "Commands:" in done.out + done.err


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help(command: str) -> None:
    done = succeed(command, "--help")
    assert done.err == ""
    assert done.out.startswith("Usage: ")


def test_version() -> None:
    assert mltrain("--version") == (0, f"mltrain {package.__version__}\n", "")


def test_process_ends_with_the_code_and_the_streams_of_the_command() -> None:
    assert in_own_process("explain", "dens").code == 2
    done = in_own_process("predict", "--model", "nowhere.npz", "--x", "1", "--json")
    assert (done.code, done.err) == (3, "error: nowhere.npz: there is no such file\n")
    assert done.document["error"] == {
        "type": "ModelFileError",
        "message": "nowhere.npz: there is no such file",
        "exit_code": 3,
    }
    assert in_own_process("fit", lesson("linear"), "--epochs", "1", "--json").document["run"] == "runs/linear-001"


def test_shell_completion_knows_the_commands() -> None:
    """Bash asks so, under the name of the installed command."""
    asked = {"_MLTRAIN_COMPLETE": "complete_bash", "COMP_WORDS": "mltrain\ne", "COMP_CWORD": "1"}
    code = "import sys; sys.argv = ['mltrain']\nfrom mltrain.cli import main; main()"
    done = subprocess.run(
        [sys.executable, "-c", code], env={**os.environ, **asked}, capture_output=True, text=True, check=True
    )
    assert done.stdout.split() == ["evaluate", "export", "explain"]


@pytest.mark.parametrize("word", ["explain", "schema"])
def test_closed_pipe_is_silent(word: str) -> None:
    """As in ``mltrain explain | head -1``, with a reader that has gone before anything is written."""
    reading, writing = os.pipe()
    os.close(reading)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "mltrain", word],
            stdout=writing,
            stderr=subprocess.PIPE,
            text=True,
            timeout=PATIENCE,
            check=False,
        )
    finally:
        os.close(writing)
    assert "Traceback" not in done.stderr
    assert "Broken" not in done.stderr
    assert done.returncode == 1


def test_memory_that_is_not_there(monkeypatch: pytest.MonkeyPatch) -> None:
    def greedy(*_: object) -> None:
        raise MemoryError("Unable to allocate 4.0 TiB")

    monkeypatch.setattr("mltrain.commands.train_and_save.prepare", greedy)
    done = mltrain("fit", lesson("linear"))
    assert done == (3, "", "error: not enough memory: Unable to allocate 4.0 TiB\n")


@pytest.mark.parametrize(
    ("words", "threads"),
    [
        (["fit", "none.yaml", "--threads", "2"], 2),
        (["evaluate", "--model", "none.npz"], None),
        (["predict", "--model", "none.npz", "--input", "none.csv"], None),
    ],
)
def test_commands_that_take_many_rows_through_a_network_share_out_the_cores(
    words: list[str], threads: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[int | None] = []
    monkeypatch.setattr("mltrain.system.threads.share_cores", asked.append)
    assert mltrain(*words).code in (2, 3)
    assert asked == [threads]
