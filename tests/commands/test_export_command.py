"""``mltrain export``: the command, whichever the format is."""

import errno
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from command_runs import ROOT, lesson, mltrain, succeed

from mltrain.export.base import Format


@pytest.fixture
def run(work: Path) -> str:
    succeed("fit", lesson("linear"), "--epochs", "0", "--out", "run")
    return "run"


def test_file_is_written_here_and_its_test_runs(run: str, work: Path) -> None:
    done = succeed("export", run, "--to", "python")
    size, test = done.out.splitlines()
    assert size.startswith("linear.py  ")
    assert test == "test it with: python linear.py --self-test"
    checked = subprocess.run([sys.executable, *test.split()[4:]], capture_output=True, text=True, check=True)
    assert checked.stdout.startswith("self-test passed: 6 rows have the answers of the model")


def test_as_json(run: str) -> None:
    document = succeed("export", run, "--to", "python", "--out", "sub.py", "--json").document
    assert document == {
        "format": "python",
        "files": [{"file": "sub.py", "bytes": Path("sub.py").stat().st_size}],
        "self_test": "python sub.py --self-test",
    }


@pytest.mark.skipif(shutil.which("gcc") is None, reason="gcc is not installed")
@pytest.mark.parametrize("where", ["here.h", "sub folder/of 'mine'.h", "{work}/an absolute.h"])
def test_self_test_is_a_command_of_a_shell_wherever_the_file_is(run: str, work: Path, where: str) -> None:
    Path("sub folder").mkdir()
    test = succeed("export", run, "--to", "c", "--out", where.format(work=work)).out.splitlines()[-1]
    command = test.removeprefix("test it with: ")
    checked = subprocess.run(command, shell=True, capture_output=True, text=True, check=True)
    assert checked.stdout == "self-test passed: 6 rows have the answers of the model\n"


@pytest.mark.parametrize(("name", "types"), [("a.b.mjs", "a.b.d.mts"), ("a.js", "a.d.ts")])
def test_types_are_where_typescript_looks_for_them(run: str, name: str, types: str) -> None:
    succeed("export", run, "--to", "js", "--out", name)
    assert sorted(path.name for path in Path().glob("a.*")) == sorted([name, types])


def test_file_that_is_there_stays_without_force(run: str) -> None:
    Path("linear.py").write_text("mine\n")
    complaint = "linear.py: is there already; write over it with --force, or name another file with --out"
    assert mltrain("export", run, "--to", "python") == (2, "", f"error: {complaint}\n")
    assert Path("linear.py").read_text() == "mine\n"
    succeed("export", run, "--to", "python", "--overwrite")
    assert "predict" in Path("linear.py").read_text()


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("call", ["write", "replace"])
@pytest.mark.parametrize("there", [True, False], ids=["written_over", "new"])
def test_files_of_a_format_are_written_all_or_none(run: str, monkeypatch, call: str, number: int, there: bool) -> None:
    """A module and its types, where the disk is full or a name cannot be changed for one of them."""
    names = ["linear.mjs", "linear.d.mts"]
    for name in names * there:
        Path(name).write_text(f"my {name}\n")
    calls = 0

    def failing(original: Any) -> Any:
        def attempt(*words: Any) -> Any:
            nonlocal calls
            calls += 1
            if calls == number:
                raise OSError(errno.ENOSPC, "No space left on device")
            return original(*words)

        return attempt

    with monkeypatch.context() as patch:
        if call == "write":
            patch.setattr(os, "fsync", failing(os.fsync))
        else:
            patch.setattr(Path, "replace", failing(Path.replace))
        done = mltrain("export", run, "--to", "js", "--force")
    assert done.code == 3
    assert re.fullmatch(r"error: linear\.\S+: cannot be written: no space left on device", done.last_line, re.I)
    kept = {name: Path(name).read_text() for name in names if Path(name).exists()}
    assert kept == {name: f"my {name}\n" for name in names * there}
    assert not [*Path().glob(".*unfinished")]


def test_folder_gets_a_file_of_the_usual_name(run: str) -> None:
    Path("there").mkdir()
    assert succeed("export", run, "--to", "python", "--out", "there").out.startswith("there/linear.py  ")
    assert Path("there/linear.py").exists()


def test_model_is_never_written_over(run: str) -> None:
    done = mltrain("export", run, "--to", "python", "--out", "run/model.npz", "--force")
    assert (done.code, done.last_line) == (
        2,
        "error: run/model.npz: would be written over, but it is read for that; name another file",
    )


def test_unknown_format_and_no_format(run: str) -> None:
    assert mltrain("export", run, "--to", "pyton").err == "error: there is no format 'pyton'; did you mean 'python'?\n"
    complaint = "error: say which format: --to FORMAT; list them with: mltrain explain export\n"
    assert mltrain("export", run).err == complaint


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (("--to", "python", "--inputs", "rows"), "--inputs: expected 'columns' or 'matrix', got 'rows'"),
        (("--to", "c", "--quantize", "int4"), "--quantize: expected 'int8', got 'int4'"),
        (("--to", "python", "--quantize", "int8"), "--quantize goes with --to c, not with --to python"),
        (("--to", "c", "--no-numpy"), "--no-numpy goes with --to python, not with --to c"),
    ],
)
def test_wrong_options_of_a_format(run: str, words: tuple[str, ...], complaint: str) -> None:
    assert mltrain("export", run, *words) == (2, "", f"error: {complaint}\n")


def test_model_of_0_1_0_is_exported() -> None:
    model = ROOT / "tests" / "models_of_0_1_0" / "table" / "model.npz"
    succeed("export", str(model), "--to", "python", "--out", "old.py")
    checked = subprocess.run([sys.executable, "old.py", "--self-test"], capture_output=True, text=True, check=True)
    assert checked.stdout.startswith("self-test passed: 8 rows")


def test_rows_of_the_self_test_are_made_up_where_the_data_is_gone(run: str, work: Path) -> None:
    Path("t.csv").write_text("a,b\n1,2\n2,3\n3,5\n4,6\n")
    succeed("init", "csv", "t.csv", "--target", "b", "--regression")
    succeed("fit", "t.yaml", "--epochs", "1", "--out", "table")
    Path("t.csv").unlink()
    done = succeed("export", "table", "--to", "python", "--out", "t.py")
    assert done.err.startswith("note: the rows of the self-test are made up, because ")
    assert "t.csv" in done.err
    checked = subprocess.run([sys.executable, "t.py", "--self-test"], capture_output=True, text=True, check=True)
    assert checked.stdout.startswith("self-test passed: 8 rows")


def test_folder_that_is_not_there(run: str) -> None:
    done = mltrain("export", run, "--to", "python", "--out", "nowhere/model.py")
    assert (done.code, done.out) == (3, "")
    assert "nowhere/model.py" in done.err


def test_operation_that_cannot_be_expressed_is_named_with_its_line(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from mltrain.engine.operations import Matmul
    from mltrain.export.formats.python import Python

    monkeypatch.setattr(Python, "cannot", {Matmul: "it has no products"})
    done = mltrain("export", run, "--to", "python")
    line = 1 + Path("run/config.yaml").read_text().splitlines().index("layers:") + 1
    complaint = "layers[0]: python cannot express 'dense' (matmul): it has no products"
    assert (done.code, done.out) == (2, "")
    assert done.err.strip().endswith(complaint)
    assert f"run/config.yaml:{line}:" in done.err
    assert not Path("linear.py").exists()
    monkeypatch.chdir("run")
    Path("config.yaml").unlink()
    assert mltrain("export", "model.npz", "--to", "python").err.strip().endswith(complaint)


def test_package_that_is_missing_is_named_with_its_extra(run: str, monkeypatch: pytest.MonkeyPatch) -> None:
    from mltrain.export.formats.python import Python

    monkeypatch.setattr(Python, "package", ("no_such_package", "onnx"))
    complaint = "export --to python needs the package no_such_package; install it with: pip install 'mltrain[onnx]'"
    assert mltrain("export", run, "--to", "python") == (3, "", f"error: {complaint}\n")
    assert not Path("linear.py").exists()


def test_formats_are_listed_and_explained() -> None:
    listed = succeed("explain", "export").out.splitlines()
    assert listed[0] == "export formats"
    assert [line.split()[0] for line in listed[1:]] == list(Format.family.names())
    assert "mltrain export latest --to python" in succeed("explain", "python").out
