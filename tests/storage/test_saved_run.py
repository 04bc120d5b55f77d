import shutil
from pathlib import Path

import numpy as np
import pytest

from mltrain.cli import app
from mltrain.errors import DataError
from mltrain.runs.saved_run import SavedRun, read_history

LINE = """
dataset: {type: linear, slope: 3, intercept: 1, x: [-1, 0, 1, 2]}
layers: [{type: dense, units: 1, kernel_initializer: {type: constant, value: 5}}]
loss: mse
training: {epochs: 4, track: {W: dense.kernel}}
"""


@pytest.fixture
def run(tmp_path: Path) -> Path:
    (tmp_path / "line.yaml").write_text(LINE)
    arguments = ["fit", str(tmp_path / "line.yaml"), "--out", str(tmp_path / "run"), "--quiet"]
    app([*arguments, "--frames", "3"], standalone_mode=False)
    return tmp_path / "run"


def test_a_run_comes_back_whole(run: Path):
    record = SavedRun.read(run)
    assert record.history["epoch"] == [0, 1, 2, 3, 4]
    assert record.epochs == 4
    assert record.history["W"][0] == 5
    assert record.frames is not None
    assert record.frames.epochs == [0, 1, 4]
    assert record.frames.vectors[0].tolist() == [5, 0]
    assert np.array_equal(record.frames.vectors[-1], record.model.network.parameters)
    assert record.untrained is not None
    assert record.untrained.arrays["dense.kernel"].tolist() == [[5]]
    assert len(record.data.train.x) == 4


def test_the_state_before_training_is_kept_without_being_asked_for(tmp_path: Path):
    (tmp_path / "line.yaml").write_text(LINE)
    app(["fit", str(tmp_path / "line.yaml"), "--out", str(tmp_path / "run"), "--quiet"], standalone_mode=False)
    frames = SavedRun.read(tmp_path / "run").frames
    assert frames is not None
    assert frames.epochs == [0]


def test_a_model_that_was_copied_has_no_history_even_beside_another_one(run: Path, tmp_path: Path):
    (tmp_path / "elsewhere").mkdir()
    for name in ("model.npz", "history.csv"):
        shutil.copy(run / name, tmp_path / "elsewhere" / name)
    record = SavedRun.read(tmp_path / "elsewhere" / "model.npz")
    assert record.history == {}
    assert record.frames is None
    assert record.untrained is None
    assert record.epochs == 0


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("loss\n1\n", "has no column 'epoch'"),
        ("", "has no column 'epoch'"),
        ("epoch,loss\n1,low\n", "history.csv:2: expected a number for each of epoch, loss"),
        ("epoch,loss\n1\n", "history.csv:2: expected a number for each of epoch, loss"),
    ],
)
def test_a_history_that_is_none_is_refused_in_one_line(tmp_path: Path, text, message):
    (tmp_path / "history.csv").write_text(text)
    with pytest.raises(DataError, match=message):
        read_history(tmp_path / "history.csv")
