"""Files of fixed names in a folder that the user names: only mltrain's own are written over."""

import os
import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from mltrain.cli import app
from mltrain.errors import UsageError
from mltrain.runs.run import FILES

CONFIG = """\
# mine
dataset: {type: csv, path: rows.csv, target: y}
layers: [{type: dense, units: 1}]
loss: mse
training: {epochs: 1}
"""
ROWS = "x,y\n" + "".join(f"{row},{2 * row}\n" for row in range(8))


def command(*words: str) -> None:
    app([*words], standalone_mode=False)


def fit(*words: str) -> None:
    command("fit", *words, "--quiet")


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "config.yaml").write_text(CONFIG)
    (tmp_path / "rows.csv").write_text(ROWS)
    return tmp_path


@pytest.fixture
def run() -> Path:
    fit("config.yaml", "--out", "run")
    return Path("run")


def contents(folder: Path | str) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(Path(folder).rglob("*")) if path.is_file()}


def refused(what: str, *words: str) -> None:
    """A command is refused because of a file, and changes nothing."""
    before = contents(".")
    with pytest.raises(UsageError) as caught:
        command(*words)
    assert str(caught.value).startswith(f"{what}: ")
    assert "name another" in str(caught.value)
    assert contents(".") == before


def test_the_config_that_is_read_is_not_written_over() -> None:
    refused("config.yaml", "fit", "config.yaml", "--out", ".")


@pytest.mark.parametrize("link", [os.link, os.symlink])
def test_the_config_that_is_read_by_another_name(link: Callable[[Path, Path], None], here: Path) -> None:
    Path("out").mkdir()
    link(here / "config.yaml", here / "out" / "config.yaml")
    refused("out/config.yaml", "fit", "config.yaml", "--out", "out")
    link(here / "out/config.yaml", here / "line.yaml")
    refused("out/config.yaml", "fit", "line.yaml", "--out", "out")


def test_rows_that_are_read_are_not_written_over(run: Path) -> None:
    """Not even where they are a history of mltrain."""
    text = CONFIG.replace("rows.csv", "run/history.csv").replace("target: y", "target: loss")
    Path("other.yaml").write_text(text)
    Path("run/history.csv").write_text("epoch,seconds,loss\n1,0.1,1.0\n2,0.1,0.5\n")
    refused("run/history.csv", "fit", "other.yaml", "--out", "run")


FOREIGN: dict[str, Callable[[Path], object]] = {
    "history.csv": lambda path: path.write_text("date,price\n2024-01-01,3\n"),
    "history.csv of another program": lambda path: path.write_text("epoch,accuracy,loss\n0,0.5,0.6\n"),
    "members.csv": lambda path: path.write_text("member,name\n1,Ann\n"),
    "out_of_fold.csv": lambda path: path.write_text("row,repeat,fold\n1,1,1\n"),
    "model.npz": lambda path: np.savez(path, x=np.zeros(3)),
    "best.npz": lambda path: path.write_bytes(b""),
    "last.npz": lambda path: path.mkdir(),
    "frames.npz": lambda path: np.savez(path, parameters=np.zeros(3)),
    "checkpoint.npz": lambda path: path.symlink_to("nowhere"),
    "config.yaml": lambda path: path.write_text("database: {host: localhost}\n"),
    "config.yaml of mine": lambda path: path.write_text(CONFIG.replace("# mine\n", "")),
    "config.yaml that is a pipe": os.mkfifo,
}


def test_every_file_has_a_foreign_one() -> None:
    assert {what.partition(" ")[0] for what in FOREIGN} == set(FILES)


@pytest.mark.parametrize("what", FOREIGN)
def test_what_no_run_wrote_is_not_written_over(what: str, run: Path) -> None:
    """Alone in a folder, or among the files of a run."""
    name = what.partition(" ")[0]
    Path("out").mkdir()
    FOREIGN[what](Path("out", name))
    refused(f"out/{name}", "fit", "config.yaml", "--out", "out")
    Path(run, name).unlink(missing_ok=True)
    FOREIGN[what](run / name)
    refused(f"run/{name}", "fit", "config.yaml", "--out", "run")


@pytest.mark.parametrize("what", [what for what in FOREIGN if not what.startswith("checkpoint")])
def test_going_on_writes_over_nothing_foreign_either(what: str, run: Path) -> None:
    name = what.partition(" ")[0]
    Path(run, name).unlink(missing_ok=True)
    FOREIGN[what](run / name)
    refused(f"run/{name}", "fit", "--resume", "run", "config.yaml", "--epochs", "2")


def test_going_on_with_a_config_that_was_edited(run: Path) -> None:
    """A larger number of epochs is welcome; a comment would be lost."""
    text = (run / "config.yaml").read_text().replace("epochs: 1", "epochs: 2")
    (run / "config.yaml").write_text(text)
    fit("--resume", "run")
    (run / "config.yaml").write_text(f"# more\n{text}")
    refused("run/config.yaml", "fit", "--resume", "run")


def test_a_copy_of_a_config_without_a_run_is_not_written_over(run: Path) -> None:
    Path("copy").mkdir()
    shutil.copy(run / "config.yaml", "copy/config.yaml")
    refused("copy/config.yaml", "fit", "copy/config.yaml", "--out", "copy", "--seed", "1")


def test_a_config_of_a_run_that_was_edited_is_not_written_over(run: Path) -> None:
    text = (run / "config.yaml").read_text()
    (run / "config.yaml").write_text(f"# tuned\n{text}")
    refused("run/config.yaml", "fit", "run/config.yaml", "--out", "run")


def test_a_run_is_trained_again_in_its_folder(run: Path) -> None:
    """From another config, from its own, and from that of an mltrain with other options."""
    fit("config.yaml", "--out", "run", "--seed", "1")
    first = (run / "model.npz").read_bytes()
    fit("run/config.yaml", "--out", "run")
    assert (run / "model.npz").read_bytes() == first
    lines = (run / "config.yaml").read_text().splitlines(keepends=True)
    (run / "config.yaml").write_text("".join(line for line in lines if not line.startswith("metrics")))
    fit("run/config.yaml", "--out", "run")
    (run / "model.npz").unlink()
    fit("config.yaml", "--out", "run", "--seed", "1")
    assert (run / "model.npz").read_bytes() == first


def test_a_cross_validation_is_written_over_by_a_training_and_the_other_way_round() -> None:
    fit("config.yaml", "--out", "out", "--folds", "2")
    assert sorted(contents("out")) == ["out/config.yaml", "out/members.csv", "out/model.npz", "out/out_of_fold.csv"]
    fit("config.yaml", "--out", "out")
    assert "out/members.csv" not in contents("out")
    fit("config.yaml", "--out", "out", "--members", "2")
    assert sorted(contents("out")) == ["out/config.yaml", "out/members.csv", "out/model.npz"]


def test_other_files_of_the_folder_do_not_matter(here: Path) -> None:
    """Not even hidden ones that are called much like those of an unfinished save."""
    others = ("notes.txt", ".saving-for-later/rent.csv", ".thesis.unfinished", ".model.unfinished", ".saving-00")
    for name in others:
        Path("out", name).parent.mkdir(parents=True, exist_ok=True)
        Path("out", name).write_text("mine")
    fit("config.yaml", "--out", "out")
    assert all(Path("out", name).read_text() == "mine" for name in others)


def test_a_folder_that_only_looks_like_an_unfinished_save_is_not_moved() -> None:
    Path("out/.saved").mkdir(parents=True)
    Path("out/.saved/config.yaml").write_text(CONFIG)
    refused("out/.saved/config.yaml", "fit", "config.yaml", "--out", "out")


@pytest.mark.parametrize("form", ["png", "svg", "pdf"])
def test_pictures_that_mltrain_did_not_draw_are_not_written_over(form: str, run: Path) -> None:
    pytest.importorskip("matplotlib")
    from matplotlib.figure import Figure

    command("plot", "run", "--out", "pictures", "--format", form)
    drawn = contents("pictures")
    command("plot", "run", "--out", "pictures", "--format", form)
    assert contents("pictures") == drawn
    Figure().savefig(f"pictures/residuals.{form}")
    refused(f"pictures/residuals.{form}", "plot", "run", "--out", "pictures", "--format", form)
    Path("run/plots").mkdir()
    shutil.copy(f"pictures/residuals.{form}", "run/plots")
    refused(f"run/plots/residuals.{form}", "plot", "run", "--format", form)


def test_pictures_of_an_earlier_mltrain_are_drawn_again() -> None:
    """They have no mark, but lie in a folder that mltrain numbered."""
    pytest.importorskip("matplotlib")
    fit("config.yaml")
    Path("runs/config-001/plots").mkdir()
    Path("runs/config-001/plots/residuals.png").write_bytes(b"\x89PNG")
    command("plot", "runs/config-001")
    assert len(Path("runs/config-001/plots/residuals.png").read_bytes()) > 1000


def test_an_animation_that_mltrain_did_not_draw_is_not_written_over() -> None:
    pytest.importorskip("matplotlib")
    track = "training: {epochs: 2, track: {w: dense.kernel}}"
    Path("line.yaml").write_text(CONFIG.replace("training: {epochs: 1}", track))
    fit("line.yaml", "--out", "run")
    command("plot", "run", "--animate", "--out", "gifs")
    command("plot", "run", "--animate", "--out", "gifs")
    Path("gifs/learning.gif").write_bytes(b"GIF89a")
    refused("gifs/learning.gif", "plot", "run", "--animate", "--out", "gifs")


def test_a_report_is_written_over_a_report_only(run: Path) -> None:
    pytest.importorskip("matplotlib")
    command("report", "run")
    command("report", "run")
    Path("run/report.html").write_text("<p>my report</p>")
    refused("run/report.html", "report", "run")


@pytest.mark.parametrize("input_file", ["run/model.npz", "run/config.yaml", "run/history.csv", "rows.csv"])
def test_a_report_is_not_written_over_what_it_is_about(input_file: str, run: Path, here: Path) -> None:
    pytest.importorskip("matplotlib")
    refused(input_file, "report", "run", "--out", input_file)
    os.link(input_file, "linked.html")
    refused("linked.html", "report", "run", "--out", "linked.html")


def test_predictions_are_not_written_over_the_model(run: Path) -> None:
    os.link(run / "model.npz", "answers.csv")
    refused("answers.csv", "predict", "--model", "run", "--input", "rows.csv", "--output", "answers.csv")


def test_a_schema_is_written_over_a_schema_only() -> None:
    command("init", "linear")
    command("init", "xor")
    Path("mltrain.schema.json").write_text("{}")
    refused("mltrain.schema.json", "init", "circle")


def test_a_config_is_not_written_over_its_table() -> None:
    refused("rows.csv", "init", "csv", "rows.csv", "--target", "y", "--out", "rows.csv", "--force")


def test_pictures_that_mltrain_drew_are_removed_with_their_run(run: Path) -> None:
    """By what they say, not by their names."""
    pytest.importorskip("matplotlib")
    command("plot", "run")
    (run / "plots" / "residuals.png").rename(run / "plots" / "of_the_future.png")
    (run / "plots" / "mine.png").write_bytes(b"mine")
    (run / "plots" / "notes.txt").write_text("drawn by mltrain")
    command("runs", "rm", "run", "--yes")
    assert list(contents("run")) == ["run/plots/mine.png", "run/plots/notes.txt"]
