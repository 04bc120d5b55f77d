"""The run directory: a number of its own, whole files, and a config that gives the same bytes again."""

import csv
import io
import math
import multiprocessing
import os
import tempfile
from pathlib import Path
from typing import Any

import pytest
from saved_models import CLASSIFIER, model_of

from mltrain.api import fit
from mltrain.config.load import load_config, parse_config
from mltrain.errors import ModelFileError, StorageError, UsageError
from mltrain.inference.model import Model
from mltrain.runs import run_folders
from mltrain.runs.run import Run, dataset_of, find_model, find_run, history_csv, read_model
from mltrain.training.epoch_report import EpochReport


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    return tmp_path


def names() -> list[str]:
    return sorted(entry.name for entry in Path("runs").iterdir())


def test_runs_are_numbered_by_name() -> None:
    claimed = [Run.claim(name) for name in ("line", "line", "curve", "line")]
    assert [str(run.folder) for run in claimed] == [
        "runs/line-001",
        "runs/line-002",
        "runs/curve-001",
        "runs/line-003",
    ]


@pytest.mark.parametrize(
    ("there", "following"),
    [
        (["line-007"], "line-008"),
        (["line-007", "line-002"], "line-008"),
        (["line-999"], "line-1000"),
        (["line-1000", "line-999"], "line-1001"),
        (["line-2-005", "line-x", "line-12", "my-line-009", "line.007"], "line-001"),
    ],
)
def test_a_run_comes_after_the_highest_number(there: list[str], following: str) -> None:
    for name in there:
        Path("runs", name, "kept").mkdir(parents=True)
    assert Run.claim("line").folder.name == following


def test_a_file_has_taken_a_number_too() -> None:
    Path("runs").mkdir()
    Path("runs/line-001").touch()
    assert Run.claim("line").folder.name == "line-002"


def test_a_number_that_was_taken_meanwhile_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run_folders, "_numbered", lambda *_: {})
    Path("runs/line-001").mkdir(parents=True)
    assert Run.claim("line").folder.name == "line-002"


def _claim_some(_: int) -> list[str]:
    names = []
    for _ in range(5):
        run = Run.claim("line")
        (run.folder / "kept").mkdir()
        names.append(run.folder.name)
    return names


def test_processes_that_claim_at_once_get_different_numbers() -> None:
    with multiprocessing.get_context("spawn").Pool(4) as pool:
        claimed = [name for found in pool.map(_claim_some, range(8), chunksize=1) for name in found]
    assert sorted(claimed) == [f"line-{number:03d}" for number in range(1, 41)] == names()


def test_a_folder_of_ones_own(here: Path) -> None:
    with Run.claim("line", Path("a/b")) as run:
        assert run.folder == Path("a/b")
        assert list(here.rglob("*")) == [here / "a", here / "a/b"]
    assert list(here.iterdir()) == []


@pytest.mark.parametrize(
    ("out", "reason"),
    [
        ("file", "file is a file; move it away, or name another folder with --out"),
        ("file/below", "file is a file; move it away, or name another folder with --out"),
        ("a" * 300, "File name too long"),
    ],
)
def test_a_folder_that_cannot_be(out: str, reason: str) -> None:
    Path("file").touch()
    with pytest.raises(StorageError) as caught:
        Run.claim("line", Path(out))
    assert str(caught.value) == f"{out}: the run cannot be written there: {reason}"


def test_a_file_in_place_of_the_folder_of_runs() -> None:
    Path("runs").touch()
    with pytest.raises(StorageError) as caught:
        Run.claim("line")
    assert str(caught.value) == (
        "runs: the run cannot be written there: runs is a file; move it away, or name another folder with --out"
    )


def test_a_folder_in_which_nothing_can_be_written(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(13, "Permission denied")

    Path("mine").mkdir()
    monkeypatch.setattr(tempfile, "TemporaryFile", refuse)
    with pytest.raises(StorageError, match=r"^mine: the run cannot be written there: Permission denied$"):
        Run.claim("line", Path("mine"))


@pytest.mark.parametrize("out", [None, Path("mine")])
def test_a_folder_to_which_nothing_was_saved_is_taken_away(out: Path | None) -> None:
    run = Run.claim("line", out)
    assert run.folder.is_dir()
    with pytest.raises(RuntimeError), run:
        raise RuntimeError
    assert not run.folder.exists()


def test_a_folder_that_was_there_before_stays() -> None:
    Path("mine").mkdir()
    with Run.claim("line", Path("mine")):
        pass
    assert Path("mine").is_dir()


def test_a_folder_to_which_something_was_saved_stays() -> None:
    with Run.claim("petals") as run:
        path = run.save(model_of(CLASSIFIER), [], Path())
    assert path == Path("runs/petals-001/model.npz")
    assert sorted(entry.name for entry in run.folder.iterdir()) == [
        "config.yaml",
        "history.csv",
        "model.npz",
    ]


def saved(name: str = "petals", out: Path | None = None) -> Path:
    with Run.claim(name, out) as run:
        return run.save(model_of(CLASSIFIER), [], Path())


def test_the_newest_run_is_the_one_that_was_saved_last() -> None:
    first, second = saved("petals"), saved("flowers")
    os.utime(first, (2, 2))
    os.utime(second, (1, 1))
    assert find_model(None) == first
    os.utime(second, (3, 3))
    assert find_model(None) == second
    os.utime(first, (3, 3))
    assert find_model(None) == first  # at the same time: the last by name


def test_runs_without_a_model_do_not_count() -> None:
    first = saved()
    Run.claim("petals")
    Path("runs/notes.txt").touch()
    assert find_model(None) == first


def test_no_run_yet() -> None:
    message = "there is no run below runs/ yet; train one with the command: mltrain fit CONFIG, or name a model file"
    for_commands = "there is no run below runs/ yet; train one with: mltrain fit CONFIG, or name one with --model"
    with pytest.raises(UsageError) as caught:
        find_model(None)
    assert str(caught.value) == message
    assert caught.value.for_commands == for_commands
    Path("runs").mkdir()
    with pytest.raises(UsageError) as caught:
        find_model(None)
    assert str(caught.value) == message


def test_a_model_is_named_by_its_file_or_its_folder() -> None:
    file = saved()
    assert find_model(file) == file
    assert find_model(file.parent) == file
    with pytest.raises(ModelFileError, match=r"^elsewhere\.npz: there is no such file$"):
        find_model(Path("elsewhere.npz"))


def test_a_run_is_named_by_its_name_or_as_the_latest(monkeypatch: pytest.MonkeyPatch) -> None:
    first = saved()
    name = first.parent.name
    assert find_model(Path(name)) == first
    assert find_run(Path(name)) == first.parent
    assert find_model(Path("latest")) == first
    assert find_run(Path("latest")) == first.parent
    with pytest.raises(UsageError, match=f"^{name}x: there is no such file or folder, .* did you mean '{name}'"):
        find_run(Path(f"{name}x"))
    Path("latest").mkdir()  # what is there has the name for itself
    assert find_run(Path("latest")) == Path("latest")


def test_a_folder_without_a_model() -> None:
    Path("mine").mkdir()
    with pytest.raises(ModelFileError) as caught:
        find_model(Path("mine"))
    assert str(caught.value) == "mine: holds no model.npz, so it is not the folder of a finished run"


NOISY = """
name: noisy
seed: 3
dataset: {type: linear, slope: 3, intercept: 1, x: normal, samples: 40, noise_stddev: 0.5, validation_split: 0.25}
layers:
  - {type: dense, units: 4, activation: tanh}
  - {type: dropout, rate: 0.25}
  - {type: dense, units: 1}
loss: mse
optimizer: {type: adam, learning_rate: {type: exponential_decay, initial_learning_rate: 0.1, decay_steps: 5,
            decay_rate: 0.9}}
metrics: [mae]
training: {epochs: 3, batch_size: 7}
"""


def test_the_config_of_a_run_gives_the_same_bytes_again(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    model = fit(parse_config(NOISY, "noisy.yaml"))
    with Run.claim("noisy") as run:
        first = run.save(model, model.history, here).resolve()
    elsewhere = here / "elsewhere"
    elsewhere.mkdir()
    monkeypatch.chdir(elsewhere)
    again = fit(first.parent / "config.yaml")
    with Run.claim("noisy") as run:
        second = run.save(again, again.history, first.parent)
    assert second.read_bytes() == first.read_bytes()
    assert (second.parent / "config.yaml").read_bytes() == (first.parent / "config.yaml").read_bytes()
    assert load_config(first.parent / "config.yaml") == model.config


def test_what_a_model_was_trained_on() -> None:
    file = saved()
    model = Model.load(file)
    assert dataset_of(file.parent / "config.yaml", model) == model.config.dataset
    assert read_model(file)[1:] == (model.config.dataset, file.parent)


@pytest.mark.parametrize(
    "text",
    [
        None,
        "",
        "database: {host: localhost}\n",
        "{dataset: {type: linear, slope: 1, intercept: 2, x: [1]}, layers: [{type: dense, units: 1}], loss: mse}",
    ],
)
def test_a_config_beside_a_model_that_is_not_its_own(text: str | None) -> None:
    """Models are copied, and many programs have a config.yaml."""
    file = saved(out=Path("mine"))
    if text is None:
        Path("mine/config.yaml").unlink()
    else:
        Path("mine/config.yaml").write_text(text)
    model = Model.load(file)
    assert read_model(file)[1:] == (model.config.dataset, Path("mine"))


def report(epoch: int, **changes: Any) -> EpochReport:
    row_spec: dict[str, Any] = {"epochs": 2, "steps": 3, "seconds": 0.25, "loss": 0.5, "metrics": {}}
    return EpochReport(epoch, **row_spec | changes)


def test_the_history_is_a_line_an_epoch() -> None:
    assert history_csv([report(1), report(2, loss=0.1)]) == ("epoch,seconds,loss\n1,0.250000,0.5\n2,0.250000,0.1\n")


def test_the_history_holds_all_that_was_reported() -> None:
    full = report(
        0, metrics={"accuracy": 0.5}, val_loss=1 / 3, val_metrics={"accuracy": 1.0}, tracked={"W[0, 1]": -1e-9}
    )
    text = history_csv([full])
    assert text == (
        'epoch,seconds,loss,accuracy,val_loss,val_accuracy,"W[0, 1]"\n'
        "0,0.250000,0.5,0.5,0.3333333333333333,1.0,-1e-09\n"
    )
    (row,) = csv.DictReader(io.StringIO(text))
    assert float(row["val_loss"]) == 1 / 3


def test_a_number_that_is_none_is_written_as_such() -> None:
    assert history_csv([report(1, val_loss=math.nan)]).endswith("0.5,nan\n")


def test_the_history_of_an_untrained_model() -> None:
    assert history_csv([]) == "epoch,seconds,loss\n"
