"""A learning rate that is lowered on plateaus: when, by how much, and how it goes on from a state."""

import json
from typing import Any

import pytest

from mltrain.config.convert import convert
from mltrain.engine.metrics.base import reported_name
from mltrain.engine.schedules.base import LearningRate, Schedule


def plateau(**options: Any) -> LearningRate:
    config = {"type": "reduce_on_plateau", "initial_learning_rate": 1.0, "factor": 0.5, "min_delta": 0.1, **options}
    return convert(Schedule, config).start()


def rates(rule: LearningRate, monitor: str, values: list[float]) -> list[float]:
    """The rate after each epoch with such values."""
    found = []
    for value in values:
        rule.epoch_ended({monitor: value, "other": 0.0})
        found.append(rule.at(12345))
    return found


def test_the_rate_falls_when_patience_is_over() -> None:
    assert rates(plateau(patience=2), "val_loss", [3, 3, 2, 2, 2, 2, 2]) == [1, 1, 1, 1, 0.5, 0.5, 0.25]


def test_what_improves_by_too_little_does_not_improve() -> None:
    assert rates(plateau(patience=1), "val_loss", [3, 2.95, 2.85, 2.8]) == [1, 0.5, 0.5, 0.25]


def test_nothing_is_counted_in_a_cooldown() -> None:
    """Keras's: the epoch that ends the cooldown is counted again."""
    assert rates(plateau(patience=1, cooldown=3), "val_loss", [3] * 7) == [1, 0.5, 0.5, 0.5, 0.25, 0.25, 0.25]


def test_the_rate_stays_above_its_least() -> None:
    rule = plateau(patience=1, min_learning_rate=0.2)
    assert rates(rule, "val_loss", [3] * 6) == [1, 0.5, 0.25, 0.2, 0.2, 0.2]


@pytest.mark.parametrize("monitor", ["accuracy", "val_accuracy", "r2", "val_f1"])
def test_of_these_more_is_better(monitor: str) -> None:
    assert rates(plateau(monitor=monitor, patience=1), monitor, [0.2, 0.5, 0.5, 0.3]) == [1, 1, 0.5, 0.25]


@pytest.mark.parametrize("monitor", ["loss", "mae", "val_rmse"])
def test_of_these_less_is_better(monitor: str) -> None:
    assert rates(plateau(monitor=monitor, patience=1), reported_name(monitor), [0.5, 0.3, 0.3, 0.5]) == [
        1,
        1,
        0.5,
        0.25,
    ]


def test_a_value_that_is_no_number_is_no_improvement() -> None:
    assert rates(plateau(patience=1), "val_loss", [3, float("nan"), 2]) == [1, 0.5, 0.5]


@pytest.mark.parametrize("at", range(7))
def test_it_goes_on_from_its_state(at: int) -> None:
    values = [3, 3, 3, 2, 2, 2, 2, 2]
    options = {"patience": 2, "cooldown": 1}
    whole, begun, resumed = plateau(**options), plateau(**options), plateau(**options)
    expected = rates(whole, "val_loss", values)
    rates(begun, "val_loss", values[:at])
    resumed.restore(json.loads(json.dumps(begun.state())))
    assert rates(resumed, "val_loss", values[at:]) == expected[at:]
