"""Output that is closed or full, readers that leave, terminals that are narrow, unknown or gone, letters that lack."""

import io
import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from command_runs import PATIENCE, RUN_FILES, files, in_own_process, lesson, pseudo_terminal, succeed, without_codes

from mltrain.cli import main

FIT = f"fit {lesson('linear')} --epochs 2 --out"

COMMANDS = [
    "--help",
    "--version",
    "fit --help",
    "explain",
    "explain dense",
    "schema",
    "init",
    "init circle --force",
    f"check {lesson('linear')}",
    f"summary {lesson('mnist')}",
    "predict --model run --x 1",
    "evaluate --model run --json",
    "plot run --terminal",
    f"{FIT} run-1 --json",
    f"{FIT} run-2 --quiet",
]
"""All that print a result, and the run whose model some need."""

FULL = "error: the output: cannot be written: No space left on device"
CLOSED = "error: the output: cannot be written: it is closed"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="there is no /dev/full")
def test_results_that_cannot_be_written(work: Path) -> None:
    """A reader that has gone is not worth a word; but what is lost on a full disk, or because nobody takes it, is."""
    succeed(*FIT.split(), "run")
    done = subprocess.run(
        [sys.executable, str(Path(__file__).with_name("stream_trials.py")), *COMMANDS],
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=True,
    )
    results = json.loads(done.stdout)
    for how, code, messages in (("pipe", 1, []), ("full", 3, [FULL]), ("closed", 3, [CLOSED])):
        for command, (found, shown) in zip(COMMANDS, results[how], strict=True):
            errors = [line for line in shown.splitlines() if not line.startswith(("epoch ", "note: "))]
            assert (found, errors) == (code, messages), f"{how}: {command}"
    for run in ("run-1", "run-2"):
        succeed("predict", "--model", run, "--x", "1")  # it was saved all the same


@pytest.mark.parametrize(
    ("line", "code", "out"),
    [
        ('"$@" --version | head -c 1', 0, "m"),
        ('"$@" explain --help >&-', 3, ""),
        ('"$@" explain dense 2>&- >&- <&-', 3, ""),
        ('"$@" explain dense 2>/dev/full | head -1', 0, "dense"),
    ],
)
def test_as_a_shell_does_it(line: str, code: int, out: str) -> None:
    done = subprocess.run(
        ["bash", "-c", f"{line}\nexit ${{PIPESTATUS[0]}}", "bash", sys.executable, "-m", "mltrain"],
        capture_output=True,
        encoding="utf-8",
        timeout=PATIENCE,
        check=False,
    )
    assert done.returncode == code
    assert done.stdout.startswith(out)


@pytest.mark.parametrize("line", ['"$@" 2>&-', '"$@" 2>/dev/full', '"$@" 2>&1 | head -1', '"$@" >&- 2>&- <&-'])
def test_a_training_whose_progress_nobody_can_read_is_saved(line: str, work: Path) -> None:
    words = [sys.executable, "-m", "mltrain", *FIT.split(), "run", "--epochs", "400"]
    done = subprocess.run(
        ["bash", "-c", f"{line}\nexit ${{PIPESTATUS[0]}}", "bash", *words], capture_output=True, timeout=PATIENCE
    )
    assert (done.returncode, done.stderr) == (0, b"")
    assert sorted(files(work / "run")) == RUN_FILES
    assert len((work / "run/history.csv").read_text("utf-8").splitlines()) == 401


def test_a_terminal_that_is_closed(work: Path) -> None:
    """The system says SIGHUP, shells say it once more, and what is shown then cannot be written any more."""
    with pseudo_terminal("fit", lesson("linear"), "--epochs", "100000000", "--out", "run") as terminal:
        terminal.wait_for("100000000")
        terminal.hang_up()
        terminal.process.send_signal(signal.SIGHUP)
        assert terminal.process.wait(PATIENCE) == 130
    assert sorted(files(work / "run")) == RUN_FILES


@pytest.mark.parametrize("words", [[*FIT.split(), "run"], ["explain", "adam"]])
def test_a_narrow_terminal(words: list[str]) -> None:
    with pseudo_terminal(*words, columns=20) as terminal:
        assert terminal.wait_for_end() == 0
    assert {"fit": "epoch", "explain": "adam"}[words[0]] in without_codes(terminal.shown)


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-16"])
@pytest.mark.parametrize(
    ("words", "shown"),
    [
        (["explain", "elu"], "elu"),
        (["summary", lesson("mnist")], "layer (type)"),
        ([*FIT.split(), "größe"], "epoch 1/2"),
        (["fit", "größe.yaml"], "error: gr"),
    ],
)
def test_streams_of_other_encodings(
    encoding: str, words: list[str], shown: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    both = io.BytesIO()
    stream = io.TextIOWrapper(both, encoding)
    monkeypatch.setattr("sys.argv", ["mltrain", *words])
    monkeypatch.setattr("sys.stdout", stream)
    monkeypatch.setattr("sys.stderr", stream)
    with pytest.raises(SystemExit):
        main()
    stream.flush()
    assert shown in both.getvalue().decode(encoding)


def test_files_are_read_and_written_in_utf_8_whatever_the_system_prefers(work: Path) -> None:
    """Python warns wherever an encoding is left to the system."""
    commands = [
        ["init", "circle"],
        [*FIT.split(), "run"],
        ["evaluate", "--model", "run"],
        ["plot", "run", "--terminal"],
    ]
    code = f"""
import sys
from mltrain.cli import main
for words in {commands}:
    sys.argv = ["mltrain", *words]
    try:
        main()
    except SystemExit as end:
        assert not end.code
"""
    strict = ["-X", "warn_default_encoding", "-X", "utf8=0", "-W", "error::EncodingWarning"]
    subprocess.run([sys.executable, *strict, "-c", code], capture_output=True, timeout=PATIENCE, check=True)
    assert (work / "run" / "model.npz").exists()


def test_a_file_whose_name_is_no_text(work: Path) -> None:
    config = work / os.fsdecode(b"gr\xf6sse.yaml")
    config.write_bytes(Path(lesson("linear")).read_bytes())
    succeed("fit", os.fsdecode(b"gr\xf6sse.yaml"), "--epochs", "1")
    assert [run.name for run in (work / "runs").iterdir()] == ["gr_sse-001"]
    missing = in_own_process("fit", os.fsdecode(b"\xf6.yaml"))
    assert (missing.code, missing.err.count("\n")) == (2, 1), missing.err
