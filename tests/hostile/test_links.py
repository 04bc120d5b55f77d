"""Symbolic links in run folders: none is followed out of the folder, to read or to write."""

import json
import os
from pathlib import Path

import pytest

from mltrain.cli import app
from mltrain.errors import ModelFileError, UsageError
from mltrain.runs.catalogue import list_runs
from mltrain.runs.run import CONFIG, FRAMES, HISTORY, MODEL, find_model
from mltrain.runs.saved_run import SavedRun

FILES = (MODEL, CONFIG, HISTORY, FRAMES)
LINE = """
dataset: {type: linear, slope: 3, intercept: 1, x: [-1, 0, 1, 2]}
layers: [{type: dense, units: 1}]
loss: mse
training: {epochs: 2}
"""

pytestmark = pytest.mark.skipif(not hasattr(os, "symlink") or os.name == "nt", reason="links need privileges here")


def command(*words: str) -> None:
    app([*words], standalone_mode=False)


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "line.yaml").write_text(LINE)
    command("fit", "line.yaml", "--quiet")
    return tmp_path / "runs" / "line-001"


def move_out(file: Path) -> Path:
    """The file moves to another folder, and a link stands in its place."""
    elsewhere = file.parents[2] / f"elsewhere-{file.name}"
    file.rename(elsewhere)
    file.symlink_to(elsewhere)
    return elsewhere


def test_a_model_outside_of_the_folder_is_not_read(run: Path) -> None:
    outside = move_out(run / MODEL)
    with pytest.raises(
        ModelFileError, match=r"model.npz: is a link that leads out of its folder; name the file that is"
    ):
        find_model(run)
    with pytest.raises(UsageError, match="there is no run below runs"):
        find_model(None)
    assert list_runs(Path("runs")) == (
        [],
        ["runs/line-001: holds no model.npz, so it is not the folder of a finished run"],
    )
    assert find_model(outside) == outside
    assert find_model(run / MODEL) == run / MODEL  # named by the user, who may mean the link


def test_a_link_within_the_folder_is_followed(run: Path) -> None:
    (run / MODEL).rename(run / "best.npz")
    (run / MODEL).symlink_to("best.npz")
    assert find_model(run) == run / MODEL
    assert SavedRun.read(run).epochs == 2


def test_links_in_a_circle(run: Path) -> None:
    (run / MODEL).unlink()
    (run / MODEL).symlink_to("other.npz")
    (run / "other.npz").symlink_to(MODEL)
    with pytest.raises(ModelFileError):
        find_model(run)


def test_the_folder_itself_may_be_a_link(run: Path, tmp_path: Path) -> None:
    (tmp_path / "latest").symlink_to(run)
    assert SavedRun.read(tmp_path / "latest").epochs == 2


def test_what_lies_beside_the_model_is_not_read_through_links(run: Path) -> None:
    for name in (HISTORY, FRAMES):
        move_out(run / name)
    record = SavedRun.read(run)
    assert (record.history, record.frames) == ({}, None)


def test_a_config_outside_of_the_folder_says_nothing_about_the_run(
    run: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    other = move_out(run / CONFIG)
    other.write_text(other.read_text().replace("seed: 0", "seed: 1"))
    record = SavedRun.read(run)
    assert (record.history, record.name) == ({}, MODEL)
    command("evaluate", "--model", str(run), "--json")
    assert json.loads(capsys.readouterr().out)["samples"] == 4


def test_nothing_is_written_through_links(run: Path, tmp_path: Path) -> None:
    outside = {name: move_out(run / name) for name in FILES if (run / name).exists()}
    victim = tmp_path / "victim"
    for name in (".mltrain-probe", ".model.npz.tmp"):
        (run / name).symlink_to(victim)
    before = {name: path.read_bytes() for name, path in outside.items()}
    command("fit", "line.yaml", "--quiet", "--seed", "1", "--out", str(run))
    assert {name: path.read_bytes() for name, path in outside.items()} == before
    assert not victim.exists()
    assert not any((run / name).is_symlink() for name in outside)
