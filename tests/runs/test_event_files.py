"""``mltrain fit --log-dir``: what it writes, as TensorBoard itself reads it."""

import errno
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest
from command_runs import mltrain, succeed

from mltrain.errors import StorageError
from mltrain.runs.event_files import EventFiles
from mltrain.runs.saved_run import read_history
from mltrain.training.epoch_report import EpochReport

loader = pytest.importorskip("tensorboard.backend.event_processing.event_file_loader")
pytest.importorskip("tensorboardX")

CONFIG = """
name: line
dataset: {{type: inline, x: [0, 1, 2, 3, 4, 5], y: [1, 3, 5, 7, 9, 12], validation_split: {held_back}}}
layers: [{{type: dense, units: 1}}]
loss: mse
metrics: [mean_absolute_error]
optimizer: {{type: sgd, learning_rate: {rate}}}
training: {{epochs: 4, batch_size: 2, track: {tracked}}}
"""

DECAY = "{type: exponential_decay, initial_learning_rate: 0.01, decay_steps: 2, decay_rate: 0.5}"

TRACKED = "{W: dense.kernel, 'b of dense': dense.bias}"

MAE = "mean_absolute_error"

Curves = dict[str, list[tuple[int, float]]]
"""Steps and values by tag."""


def write_config(*, held_back: float = 0.5, rate: str = "0.01", tracked: str = "{}") -> None:
    Path("line.yaml").write_text(CONFIG.format(held_back=held_back, rate=rate, tracked=tracked))


def curves(folder: Path) -> Curves:
    """What TensorBoard reads from the event files of a folder, in the order of their names."""
    found: Curves = {}
    for file in sorted(folder.iterdir()):
        for event in loader.LegacyEventFileLoader(str(file)).Load():
            for value in event.summary.value:
                found.setdefault(value.tag, []).append((event.step, value.simple_value))
    return found


def of_history(names: dict[str, str]) -> Curves:
    """The same from the run's history; ``names`` are its columns by tag. Event files hold single precision."""
    history = read_history(Path("run", "history.csv"))
    return {tag: points(history["epoch"], history[column]) for tag, column in names.items()}


def points(epochs: Sequence[float], values: Sequence[float]) -> list[tuple[int, float]]:
    return [(int(epoch), float(np.float32(value))) for epoch, value in zip(epochs, values, strict=True)]


def test_both_parts_epoch_by_epoch() -> None:
    write_config()
    succeed("fit", "line.yaml", "--out", "run", "--log-dir", "logs")
    train = curves(Path("logs/run/train"))
    assert train == of_history({"loss": "loss", MAE: MAE})
    assert [step for step, _ in train["loss"]] == [1, 2, 3, 4]
    assert curves(Path("logs/run/validation")) == of_history({"loss": "val_loss", MAE: f"val_{MAE}"})


def test_tracked_parameters_from_before_the_first_epoch_on() -> None:
    write_config(held_back=0, tracked=TRACKED)
    succeed("fit", "line.yaml", "--out", "run", "--log-dir", "logs")
    columns = {"loss": "loss", MAE: MAE, "parameters/W": "W", "parameters/b_of_dense": "b of dense"}
    train = curves(Path("logs/run/train"))
    assert train == of_history(columns)
    assert [step for step, _ in train["parameters/W"]] == [0, 1, 2, 3, 4]
    assert [path.name for path in Path("logs/run").iterdir()] == ["train"]


def test_a_learning_rate_that_changes() -> None:
    write_config(rate=DECAY)
    succeed("fit", "line.yaml", "--out", "run", "--log-dir", "logs")
    train = curves(Path("logs/run/train"))
    assert train == of_history({"loss": "loss", MAE: MAE, "learning_rate": "learning_rate"})
    rates = [rate for _, rate in train["learning_rate"]]
    assert rates == sorted(set(rates), reverse=True)
    assert len(rates) == 4
    assert "learning_rate" not in curves(Path("logs/run/validation"))


def test_without_log_dir_there_are_none() -> None:
    write_config()
    succeed("fit", "line.yaml", "--out", "run")
    assert sorted(path.name for path in Path().iterdir()) == ["line.yaml", "run"]


def test_a_folder_that_is_called_as_the_run() -> None:
    write_config()
    for _ in range(2):
        succeed("fit", "line.yaml", "--log-dir", "logs/of/mine", "--epochs", "1")
    assert sorted(path.name for path in Path("logs/of/mine").iterdir()) == ["line-001", "line-002"]


def test_a_run_that_goes_on_continues_its_curves() -> None:
    write_config()
    succeed("fit", "line.yaml", "--out", "run", "--log-dir", "logs", "--epochs", "2")
    succeed("fit", "--resume", "run", "--log-dir", "logs", "--epochs", "5")
    assert len(read_history(Path("run", "history.csv"))["epoch"]) == 5
    assert curves(Path("logs/run/train")) == of_history({"loss": "loss", MAE: MAE})


def test_the_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [name for name in sys.modules if name.partition(".")[0] == "tensorboardX"]:
        monkeypatch.delitem(sys.modules, name)
    monkeypatch.setitem(sys.modules, "tensorboardX", None)
    write_config()
    advice = "needs the package tensorboardX; install it with: pip install 'mltrain[tensorboard]'"
    said = f"error: writing TensorBoard's event files {advice}\n"
    assert mltrain("fit", "line.yaml", "--out", "run", "--log-dir", "logs") == (3, "", said)
    assert not Path("run").exists()


def test_a_folder_that_cannot_be_written() -> None:
    write_config()
    Path("logs").write_text("a file")
    done = mltrain("fit", "line.yaml", "--out", "run", "--log-dir", "logs", "--quiet")
    assert done == (3, "", "error: logs/run: event files cannot be written there: Not a directory\n")
    assert Path("logs").read_text() == "a file"


def test_a_disk_that_fills_up_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    def full(handle: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    report = EpochReport(epoch=1, epochs=1, steps=1, seconds=0.1, loss=0.5, metrics={})
    with EventFiles(Path("logs")) as log:
        log.add(report)
        with monkeypatch.context() as disk:
            disk.setattr("tensorboardX.event_file_writer.EventsWriter.flush", full)
            with pytest.raises(StorageError, match=r"^logs: event files cannot be written there: No space left on dev"):
                log.add(report)


def test_a_learning_rate_that_changes_beside_tracked_parameters() -> None:
    write_config(rate=DECAY, tracked=TRACKED)
    succeed("fit", "line.yaml", "--out", "run", "--log-dir", "logs")
    columns = {"learning_rate": "learning_rate", "parameters/W": "W"}
    train = curves(Path("logs/run/train"))
    assert {tag: train[tag] for tag in columns} == of_history(columns)
