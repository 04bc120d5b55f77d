"""Rows and measures that no 32-bit number holds: said before training where that can be, and after it."""

import math
from pathlib import Path

import numpy as np
import pytest

import mltrain
from mltrain.checks.errors import refuse_overflow
from mltrain.checks.warnings import find_warnings
from mltrain.commands.best_epoch import not_finite, stopped_by, whose_weights
from mltrain.commands.evaluate import unfinished_measures
from mltrain.config.load import parse_config
from mltrain.data.base import Dataset, RowSpec, Split
from mltrain.engine.losses.mean_squared_error import MeanSquaredError
from mltrain.engine.network import Network
from mltrain.errors import DataError
from mltrain.inference.scores import Predictions
from mltrain.training.epoch_report import EpochReport
from mltrain.training.monitor import Monitor
from mltrain.training.options import EarlyStopping, Training


def split(x: list[list[float]], y: list[float] | None = None) -> Split:
    targets = np.array(y if y is not None else [1.0] * len(x), np.float32)[:, None]
    return Split(np.array(x, np.float32), targets)


ROWS = split([[0.5, 1.0]] * 30)


@pytest.mark.parametrize("part", ["validation", "test"])
@pytest.mark.parametrize(
    ("rows", "what"),
    [
        (split([[1, 2], [3, 1e30]]), r"row 2 of those for {} cannot be measured: number 2 of the row is 1e\+30"),
        (split([[1, 2], [-2e19, 0]]), r"row 2 of those for {} cannot be measured: number 1 of the row is -2e\+19"),
        (split([[1, 2]], [-1e25]), r"row 1 of those for {} cannot be measured: its target is -1e\+25"),
    ],
)
def test_held_back_rows_that_cannot_be_measured(part: str, rows: Split, what: str) -> None:
    with pytest.raises(DataError, match=what.format(part)):
        refuse_overflow(Dataset(RowSpec((2,)), ROWS, **{part: rows}))


def test_what_training_itself_will_show_is_not_refused() -> None:
    huge = split([[1e30, 1]], [1e30])
    refuse_overflow(Dataset(RowSpec((2,)), huge, huge))
    refuse_overflow(Dataset(RowSpec((2,)), ROWS, split([[1e18, 1]])))
    refuse_overflow(Dataset(RowSpec((2,)), ROWS))


def test_columns_of_a_table_are_called_by_their_names(tmp_path: Path) -> None:
    lines = ["age,size,y", *(f"{n / 10},1,{n / 10}" for n in range(20))]
    (tmp_path / "t.csv").write_text("\n".join(lines))
    lines[3] = "0.2,1e30,0.2"
    (tmp_path / "test.csv").write_text("\n".join(lines))
    text = (
        "dataset: {type: csv, path: t.csv, test_path: test.csv, target: y, standardize: false}\n"
        "layers: [{type: dense, units: 1}]\nloss: mse"
    )
    with pytest.raises(DataError, match=r"row 3 of those for test cannot be measured: 'size' is 1e\+30"):
        mltrain.job.prepare(parse_config(text, tmp_path / "t.yaml"), tmp_path)


@pytest.mark.parametrize(("size", "warned"), [(1.0, False), (99.0, False), (1e3, True), (1e-3, True)])
def test_parts_of_quite_another_size(size: float, warned: bool) -> None:
    net = Network(parse_config("{dataset: {type: inline, x: [[1, 2]], y: [1]}, layers: [{type: dense, units: 1}], "
                               "loss: mse}", "t.yaml").layers, (2,))  # fmt: skip
    dataset = Dataset(RowSpec((2,)), ROWS, split([[size, size]] * 30))
    found = find_warnings(net, dataset, ROWS.y, loss=MeanSquaredError(), training=Training(epochs=0))
    said = f"the inputs for validation reach to {size:g}, but those to train on to 1: are they of the same scale"
    assert any(said in warning for warning in found) == warned


def history(*values: float) -> list[EpochReport]:
    return [
        EpochReport(epoch, len(values), 1, 0.0, 0.5, {"r2": 0.1}, value, {"r2": 0.2})
        for epoch, value in enumerate(values, 1)
    ]


def watched(*values: float, patience: int | None = None) -> Monitor:
    stopping = EarlyStopping(patience=patience) if patience else None
    monitor = Monitor("val_loss", rises=False, stopping=stopping, parameters=np.zeros(1, np.float32))
    for epoch, value in enumerate(values, 1):
        monitor.epoch_ended(epoch, {"val_loss": value}, np.zeros(1, np.float32))
    return monitor


def test_no_epoch_is_the_best_by_what_never_was_a_number() -> None:
    values = (math.inf, math.nan, math.inf)
    monitor = watched(*values, patience=3)
    assert (monitor.best_epoch, whose_weights(monitor, 3)) == (None, "")
    assert stopped_by(monitor) == "val_loss was no finite number for 3 epochs"
    assert not_finite(history(*values), monitor) == [
        "val_loss was inf in 3 of 3 epochs, so no epoch is known to be the best, and the model has the weights of the "
        "last one"
    ]


def test_the_best_of_the_epochs_that_gave_numbers() -> None:
    values = (math.inf, 3.0, math.nan, 2.0)
    monitor = watched(*values)
    assert monitor.best_epoch == 4
    assert not_finite(history(*values), monitor) == [
        "val_loss was nan in 2 of 4 epochs: look for rows for validation that are not like those to train on, with "
        "mltrain data"
    ]
    assert not_finite(history(1.0, 2.0), watched(1.0, 2.0)) == []
    assert not_finite([], None) == []


def test_evaluation_names_the_rows_that_spoil_it() -> None:
    text = (
        "{dataset: {type: inline, x: [1, 2], y: [1, 2]}, layers: [{type: dense, units: 1, kernel_initializer: ones}], "
    )
    model = mltrain.job.prepare(parse_config(text + "loss: mse}", "t.yaml"), Path()).model([])
    rows = split([[1], [1e30], [3]], [1, 2, 3])
    result = model.evaluate(rows)
    assert unfinished_measures(Predictions(model, rows), {"loss": result.loss}) == [
        "loss is inf: the model's largest output is 1e+30, for row 2"
    ]
    model.network.parameters[0] = 3e38
    assert unfinished_measures(
        Predictions(model, split([[1], [3], [5]])), {"loss": math.inf, "r2": math.nan, "mae": 1.0}
    ) == ["loss is inf, r2 is nan: the model gives no finite numbers for 2 of the rows, the first is row 2"]
    assert unfinished_measures(Predictions(model, rows), {"loss": 1.0}) == []
