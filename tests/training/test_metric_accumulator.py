"""Metrics of many small blocks are those of all rows together."""

from typing import Any

import numpy as np
import pytest
from toy_training import metrics

from mltrain.backends.numpy import metric_accumulator as module
from mltrain.backends.numpy.metric_accumulator import MetricAccumulator

MEASURES = ("accuracy", "f1", {"type": "top_k_accuracy", "k": 2})


def rows(count: int) -> tuple[Any, Any]:
    rng = np.random.default_rng(0)
    return rng.random((count, 3), np.float32), rng.integers(0, 3, count).astype(np.int32)


@pytest.mark.parametrize("block", [1, 7, 10, 11, 40, 100])
def test_small_blocks_give_what_all_rows_give_at_once(block: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whether the ten rows that are kept hold many blocks, just one, or less than that; the last one may be short."""
    y, target = rows(100)
    whole = MetricAccumulator(metrics(*MEASURES), 0.5)
    whole.add(y, target)
    monkeypatch.setattr(module, "_NUMBERS", 30)
    parts = MetricAccumulator(metrics(*MEASURES), 0.5)
    for start in range(0, 100, block):
        parts.add(y[start : start + block], target[start : start + block])
    assert parts.results() == pytest.approx(whole.results())
    assert whole.results()["accuracy"] == np.mean(y.argmax(axis=1) == target)


def test_what_was_added_may_be_written_over() -> None:
    """As training does with every window: the outputs of the next batches go to the same place."""
    y, target = rows(8)
    tally = MetricAccumulator(metrics("accuracy"), 0.5)
    right = np.eye(3, dtype=np.float32)[target]
    y[:] = right
    tally.add(y, target)
    y[:] = np.roll(right, 1, axis=1)
    tally.add(y, target)
    assert tally.results() == {"accuracy": 0.5}


def test_metrics_look_at_many_rows_at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    looks = []
    statistics = module.statistics

    def spy(measured: Any, y: Any, target: Any, threshold: float) -> Any:
        looks.append(len(y))
        return statistics(measured, y, target, threshold)

    monkeypatch.setattr(module, "statistics", spy)
    monkeypatch.setattr(module, "_NUMBERS", 300)
    tally = MetricAccumulator(metrics("accuracy"), 0.5)
    y, target = rows(8)
    for _ in range(30):
        tally.add(y, target)
    tally.results()
    assert looks == [96, 96, 48]


def test_nothing_gives_nothing() -> None:
    assert MetricAccumulator(metrics("accuracy"), 0.5).results() == {}
