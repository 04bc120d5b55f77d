"""Under ``--json`` a command that fails prints why as data; words and exit code stay as they are."""

from pathlib import Path

import pytest
from command_runs import Done, in_own_process, lesson, mltrain, succeed

from mltrain.cli import app, runs

FAILURES = {
    "fit": ("fit", "nowhere.yaml"),
    "predict": ("predict", "nowhere", "--x", "1"),
    "evaluate": ("evaluate", "nowhere.npz"),
    "data": ("data", "bad.yaml"),
    "plot": ("plot", "nowhere"),
    "report": ("report", "nowhere"),
    "compare": ("compare", "nowhere", "nowhere"),
    "why": ("why", "nowhere"),
    "export": ("export", "nowhere", "--to", "python"),
    "summary": ("summary", "bad.yaml"),
    "check": ("check", "bad.yaml"),
    "code": ("code", "bad.yaml", "--framework", "keras"),
    "sweep": ("sweep", "bad.yaml"),
    "list": ("runs", "--sort", "colour"),
    "diff": ("runs", "diff", "one", "two"),
}


@pytest.fixture(autouse=True)
def folder(work: Path) -> Path:
    (work / "bad.yaml").write_text(
        "dataset: {type: inline, x: [1], y: [2]}\nlayers: [{type: dens, units: 1}]\nloss: mse\n"
    )
    return work


def check(words: Done, data: Done) -> None:
    assert (data.code, data.err) == (words.code, words.err)
    assert data.code != 0
    document = data.document
    error = document["error"]
    assert error["exit_code"] == data.code
    assert error["message"].splitlines()[0].split("  ")[-1] in data.err
    for one in document["diagnostics"]:
        assert set(one) == {"message", "file", "line", "column", "path", "setting", "severity"}
        assert one["severity"] == "error"
        assert one["message"] in error["message"]


def test_every_command_with_json_is_tried() -> None:
    commands = [*app.registered_commands, *runs.registered_commands]
    with_json = {
        command.name or command.callback.__name__
        for command in commands
        if command.callback and "json" in command.callback.__annotations__
    }
    assert with_json == set(FAILURES)


@pytest.mark.parametrize("words", FAILURES.values(), ids=FAILURES)
def test_a_failure_is_one_document(words: tuple[str, ...]) -> None:
    check(mltrain(*words), mltrain(*words, "--json"))


def test_a_diagnostic_has_its_place() -> None:
    (found,) = mltrain("summary", "bad.yaml", "--json").document["diagnostics"]
    place = {"file": "bad.yaml", "line": 2, "column": 17, "path": "layers[0].type", "setting": None}
    assert found == {"message": "unknown layer 'dens'; did you mean 'dense'?", **place, "severity": "error"}
    (found,) = mltrain("fit", lesson("linear"), "--set", "sed=1", "--json").document["diagnostics"]
    assert (found["path"], found["setting"], found["line"]) == ("sed", "--set sed=1", None)


def test_a_command_line_that_cannot_be_read(work: Path) -> None:
    done = mltrain("fit", "--nope", "--json")
    assert done.code == 2
    assert done.document["error"] == {"type": "UsageError", "message": "No such option: --nope", "exit_code": 2}
    assert "--nope" in done.err


def test_rows_that_cannot_be_used_are_named_by_file_and_line(work: Path) -> None:
    (work / "rows.csv").write_text("a,b\n1,2\n2,4\n3,6\n4,8\n")
    (work / "c.yaml").write_text(
        "dataset: {type: csv, path: rows.csv, target: b}\nlayers: [{type: dense, units: 1}]\nloss: mse\n"
    )
    succeed("fit", "c.yaml", "--quiet")
    (work / "new.csv").write_text("a\n1\nx\n")
    done = in_own_process("predict", "--input", "new.csv", "--json")
    assert done.code == 3
    (found,) = done.document["diagnostics"]
    assert (found["file"], found["line"]) == ("new.csv", 3)


def test_without_json_stdout_stays_empty() -> None:
    assert mltrain("summary", "bad.yaml").out == ""
    assert mltrain("fit", "--", "--json").out == ""
