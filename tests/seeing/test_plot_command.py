import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

pytest.importorskip("matplotlib", reason="pictures need the extra 'plot'")

from PIL import Image

from mltrain.cli import app
from mltrain.data.image_files import read_digit
from mltrain.errors import DataError, StorageError, UsageError
from mltrain.runs.saved_run import SavedRun

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


def test_one_image_is_drawn_by_its_number_or_from_a_file(runs, tmp_path: Path, capsys):
    plot(runs["shapes"], "--image", "29", "--out", tmp_path, "--json")
    pictures = json.loads(capsys.readouterr().out)["pictures"]
    assert [picture["name"] for picture in pictures] == ["image", "maps", "attributions"]
    assert pictures[1]["caption"].startswith("Image 29 of the test rows, and what each layer makes of it")
    Image.fromarray(np.full((50, 30), 255, np.uint8) - 255 * np.eye(50, 30, dtype=np.uint8)).save(tmp_path / "line.png")
    plot(runs["shapes"], "--input", tmp_path / "line.png", "--out", tmp_path / "of-file", "--format", "svg")
    said = SavedRun.read(runs["shapes"]).model.predict_labels(read_digit(tmp_path / "line.png", 12, 12)[None])[0]
    assert f"line.png: the network says {said} (" in (tmp_path / "of-file" / "image.svg").read_text()


@pytest.mark.parametrize(
    ("run", "options", "message"),
    [
        ("shapes", ["--image", "30"], r"^--image 30: the test rows are numbered from 0 to 29$"),
        ("shapes", ["--image", "-1"], r"^--image -1: the test rows are numbered from 0 to 29$"),
        ("colour", ["--image", "4"], r"^--image 4: the rows that it was trained on are numbered from 0 to 3$"),
        ("table", ["--image", "0"], r"^--image 0: .*model\.npz takes no images: a row of its data is 3$"),
        ("plane", ["--input", "x.png"], r"^--input x\.png: .*model\.npz takes no images: a row of its data is 2$"),
        ("shapes", ["--image", "1", "--input", "x.png"], r"choose one of them$"),
        ("shapes", ["--image", "1", "--animate"], r"^--animate draws the training; leave --image and --input out$"),
    ],
)
@pytest.mark.parametrize("form", [[], ["--terminal"]])
def test_an_image_that_is_not_there_is_an_error_in_one_line(runs, run, options, message, form):
    with pytest.raises(UsageError, match=r"choose one of them$" if form and "--animate" in options else message):
        plot(runs[run], *options, *form)


def test_a_file_that_is_no_image_is_an_error_in_one_line(runs, tmp_path: Path):
    (tmp_path / "no.png").write_text("no image")
    with pytest.raises(DataError, match=r"no\.png: cannot be read as an image: it has no format that Pillow reads$"):
        plot(runs["shapes"], "--input", tmp_path / "no.png")


def test_a_network_without_convolution_says_what_it_lacks(runs, tmp_path: Path, capsys):
    plot(runs["images"], "--image", "0", "--out", tmp_path)
    shown = capsys.readouterr()
    assert [Path(line).name for line in shown.out.splitlines()] == ["image.png", "attributions.png"]
    assert shown.err == "note: no feature maps: no layer of the network makes images, as convolution and pooling do\n"
