import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")

from mltrain.cli import app
from mltrain.errors import DataError, StorageError, UsageError

SIGNATURES = {"png": b"\x89PNG", "svg": b"<?xml", "pdf": b"%PDF"}


def plot(*arguments):
    app(["plot", *map(str, arguments)], standalone_mode=False)


@pytest.mark.parametrize("form", SIGNATURES)
def test_files_are_of_the_kind_that_was_asked_for_and_the_same_each_time(runs, tmp_path: Path, form, capsys):
    for folder in ("one", "two"):
        plot(runs["table"], "--format", form, "--out", tmp_path / folder)
    assert capsys.readouterr().out.splitlines()[:2] == [
        str(tmp_path / "one" / f"{name}.{form}") for name in ("history", "residuals")
    ]
    for name in ("history", "residuals"):
        content = (tmp_path / "one" / f"{name}.{form}").read_bytes()
        assert content.startswith(SIGNATURES[form])
        assert content == (tmp_path / "two" / f"{name}.{form}").read_bytes()


def test_pictures_go_below_the_run_unless_told_otherwise(runs, tmp_path: Path, capsys):
    shutil.copytree(runs["table"], tmp_path / "run")
    plot(tmp_path / "run", "--dark", "--json")
    document = json.loads(capsys.readouterr().out)
    assert [picture["file"] for picture in document["pictures"]] == [
        str(tmp_path / "run" / "plots" / f"{name}.png") for name in ("history", "residuals")
    ]
    assert all(Path(picture["file"]).stat().st_size > 1000 for picture in document["pictures"])
    assert len(document["lacks"]) == 1


def test_a_model_without_its_data_is_drawn_as_far_as_that_goes(runs, tmp_path: Path, capsys, monkeypatch):
    monkeypatch.setattr("mltrain.data.datasets.inline.Inline.load", _no_rows)
    shutil.copy(runs["images"] / "model.npz", tmp_path / "model.npz")
    plot(tmp_path / "model.npz", "--out", tmp_path / "plots")
    shown = capsys.readouterr()
    assert shown.out.splitlines() == [str(tmp_path / "plots" / "weights.png")]
    assert "note: nothing that needs the rows: they are gone" in shown.err
    assert "note: no curves of loss and metrics" in shown.err


def test_a_model_of_which_nothing_can_be_drawn_is_an_error_in_one_line(runs, tmp_path: Path, monkeypatch):
    monkeypatch.setattr("mltrain.data.datasets.inline.Inline.load", _no_rows)
    shutil.copy(runs["table"] / "model.npz", tmp_path / "model.npz")
    with pytest.raises(DataError, match=r"model\.npz: there is nothing to draw$"):
        plot(tmp_path / "model.npz")


def _no_rows(*_arguments):
    raise DataError("they are gone\nand more lines")


def test_a_folder_that_cannot_be_written_is_said_in_one_line(runs, tmp_path: Path):
    (tmp_path / "file").write_text("")
    with pytest.raises(StorageError, match=r"file/plots: pictures cannot be written there: Not a directory$"):
        plot(runs["table"], "--out", tmp_path / "file" / "plots")


def test_without_matplotlib_one_line_says_what_to_install(runs, monkeypatch):
    monkeypatch.setattr("mltrain.commands.plot.find_spec", lambda name: None)
    with pytest.raises(UsageError, match=r"^mltrain plot draws with Matplotlib.*pip install 'mltrain\[plot\]'$"):
        plot(runs["table"])


def test_a_headless_machine_draws_whatever_backend_is_set(runs, tmp_path: Path):
    environment = {name: value for name, value in os.environ.items() if name != "DISPLAY"} | {"MPLBACKEND": "TkAgg"}
    command = [sys.executable, "-m", "mltrain", "plot", str(runs["table"]), "--out", str(tmp_path)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "history.png").is_file()


def test_other_commands_do_not_import_matplotlib(runs):
    code = "import sys; from mltrain.cli import app; app(sys.argv[1:], standalone_mode=False); "
    code += "sys.exit('matplotlib' in sys.modules)"
    command = [sys.executable, "-c", code, "evaluate", "--model", str(runs["table"])]
    assert subprocess.run(command, capture_output=True, check=False).returncode == 0


@pytest.mark.parametrize("both", [["--terminal", "--animate"], ["--animate", "--format", "svg"]])
def test_one_way_of_drawing_at_a_time(runs, both):
    with pytest.raises(UsageError, match=r"choose one of them$"):
        plot(runs["line"], *both)
