"""Early stopping and the best epoch: by Keras's rules, for numbers that rise and numbers that fall."""

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from toy_training import dense, line_rows, metrics, network, training_of

from mltrain.api import fit
from mltrain.config.convert import convert
from mltrain.config.load import parse_config
from mltrain.errors import ConfigError
from mltrain.training.monitor import Monitor, monitor_of, monitor_problems
from mltrain.training.options import EarlyStopping, Training


def watch(values: list[float], *, rises: bool = False, **options: Any) -> Monitor:
    """A monitor that has seen these values, each with the parameter that is its epoch's number, or stopped before."""
    stopping = EarlyStopping(**options) if options else None
    monitor = Monitor("loss", rises=rises, stopping=stopping, parameters=np.zeros(1, np.float32))
    for epoch, value in enumerate(values, 1):
        monitor.epoch_ended(epoch, {"loss": value}, np.array([epoch], np.float32))
        if monitor.exhausted:
            monitor.finish(np.array([epoch], np.float32))
            break
    return monitor


@pytest.mark.parametrize(
    ("values", "options", "best", "seen"),
    [
        ([5, 4, 3, 2], {"patience": 1}, 4, 4),
        ([5, 4, 4, 3], {"patience": 1}, 2, 3),
        ([5, 4, 4, 3], {"patience": 0}, 2, 3),  # as in Keras, the same as 1
        ([5, 4, 6, 3, 4, 5, 2], {"patience": 2}, 4, 6),
        ([5, 4.5, 4.1, 4], {"patience": 2, "min_delta": 1.0}, 1, 3),
        ([5, 4.5, 4.1, 4], {"patience": 2, "min_delta": 0.4}, 4, 4),
        ([1, 2, 2, 2.5, 2], {"patience": 2, "rises": True}, 4, 5),
        ([math.nan, math.nan, 1], {"patience": 2}, None, 2),
        ([math.nan, 3, math.nan, 2], {"patience": 2}, 4, 4),
        ([math.inf, 3], {"patience": 2}, 2, 2),
        ([math.inf, math.inf, 3], {"patience": 2}, None, 2),
        ([-math.inf, 1, 2], {"patience": 2, "rises": True}, 3, 3),
        ([math.inf, 1, 2], {"patience": 2, "rises": True}, 3, 3),
    ],
)
def test_when_it_stops_and_what_was_best(
    values: list[float], options: dict[str, Any], best: int | None, seen: int
) -> None:
    monitor = watch(values, **options)
    assert monitor.best_epoch == best
    assert (seen == len(values)) or monitor.exhausted
    assert monitor.waited == seen - (best or 0)


def test_without_patience_it_only_watches() -> None:
    monitor = watch([1, 2, 3, 4, 5, 6, 7, 8, 9])
    assert (monitor.best_epoch, monitor.exhausted, monitor.restores) == (1, False, False)


@pytest.mark.parametrize(("restore", "used"), [(True, 2), (False, 3)])
def test_best_weights_are_put_back_if_asked_for(restore: bool, used: int) -> None:
    monitor = watch([3, 2, 4], patience=1, restore_best=restore)
    parameters = np.array([3], np.float32)
    monitor.finish(parameters)
    assert (parameters[0], monitor.best[0]) == (used, 2)
    assert monitor.last is not None
    assert monitor.last[0] == 3


def test_state_goes_on_where_it_was() -> None:
    values = [5, 4, 6, 3, 4, 5, 2]
    first, second = watch(values[:5], patience=2), watch([], patience=2)
    second.restore(first.state())
    second.epoch_ended(6, {"loss": 5}, np.zeros(1, np.float32))
    assert (second.best_epoch, second.best_value, second.best[0], second.exhausted) == (4, 3, 4, True)


def of(stopping: dict[str, Any] | None, *, validation: bool = True) -> Monitor | None:
    training = convert(Training, {"early_stopping": stopping} if stopping is not None else {})
    return monitor_of(training, np.zeros(1, np.float32), validation=validation)


@pytest.mark.parametrize(
    ("stopping", "validation", "name"),
    [
        ({}, True, "val_loss"),
        ({}, False, "loss"),
        (None, True, "val_loss"),
        ({"monitor": "val_mae"}, True, "val_mean_absolute_error"),
        ({"monitor": "accuracy"}, True, "accuracy"),
    ],
)
def test_what_is_watched(stopping: dict[str, Any] | None, validation: bool, name: str) -> None:
    monitor = of(stopping, validation=validation)
    assert monitor is not None
    assert monitor.name == name


def test_nothing_to_judge_by() -> None:
    assert of(None, validation=False) is None


@pytest.mark.parametrize(("name", "rises"), [("accuracy", True), ("r2", True), ("mae", False), ("rmse", False)])
def test_which_way_is_better(name: str, rises: bool) -> None:
    monitor = of({"monitor": f"val_{name}"})
    assert monitor is not None
    for epoch, value in enumerate([2, 3, 1], 1):
        monitor.epoch_ended(epoch, {monitor.name: value}, np.zeros(1, np.float32))
    assert monitor.best_epoch == (2 if rises else 3)


@pytest.mark.parametrize(
    ("monitor", "validation", "message"),
    [
        ("val_acc", True, "there is no 'val_acc' to watch; did you mean 'val_accuracy'?"),
        ("error", True, "there is no 'error' to watch; there are loss, accuracy, val_loss, val_accuracy"),
        (
            "val_accuracy",
            False,
            "there is no 'val_accuracy', because no rows are held back for validation; set dataset.validation_split, "
            "or watch 'accuracy'",
        ),
        (
            "val_f1",
            True,
            "epochs do not report 'val_f1'; add f1 to metrics, or watch one of loss, accuracy, val_loss, val_accuracy",
        ),
    ],
)
def test_what_will_not_be_there(monitor: str, validation: bool, message: str) -> None:
    training = convert(Training, {"early_stopping": {"monitor": monitor}})
    (problem,) = monitor_problems(training, metrics("accuracy"), validation=validation)
    assert problem == (("training", "early_stopping", "monitor"), message)


TEXT = """
dataset: {type: linear, slope: 3, intercept: 1, x: normal, samples: 40, noise_stddev: 0.5, validation_split: 0.25}
layers: [{type: dense, units: 1}]
loss: mse
optimizer: {type: sgd, learning_rate: 0.9}
training: {epochs: 50, batch_size: 3, early_stopping: {patience: 2, monitor: %s}}
"""


def test_a_config_that_watches_nothing_is_refused() -> None:
    with pytest.raises(ConfigError, match=r"training\.early_stopping\.monitor: there is no 'los' to watch"):
        fit(parse_config(TEXT % "los", "line.yaml"))


def test_the_model_has_the_weights_of_the_best_epoch() -> None:
    seen = {}
    model = fit(
        parse_config(TEXT % "val_loss", "line.yaml"), on_epoch=lambda report: seen.update({report.epoch: report})
    )
    best = min(seen.values(), key=lambda report: report.val_loss)
    assert len(seen) == best.epoch + 2 < 50
    rows = model.config.dataset.load(0, Path()).validation
    assert rows is not None
    assert model.evaluate(rows).loss == best.val_loss
    assert best.epoch < len(seen)


def test_the_first_look_at_a_network_is_not_an_epoch() -> None:
    """Epoch 0, the state before training, is not among those that can be best."""
    net, rows = network(1, dense(1)), line_rows()
    monitor = Monitor("loss", rises=True, stopping=None, parameters=net.parameters)
    reports = list(training_of(net, rows, epochs=2, track=["dense.bias"], monitor=monitor))
    assert [report.epoch for report in reports] == [0, 1, 2]
    assert monitor.best_epoch == 1
