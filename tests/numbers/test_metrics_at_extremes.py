"""Every metric against plain formulas: one row, one class, classes that never occur, blocks of one row, no variance."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hn
from metric_formulas import CLASSES, NUMBERS, class_targets, measure
from spec_examples import examples, label

from mltrain.config.convert import convert
from mltrain.engine.metrics.base import Metric

METRICS = examples(Metric)
numbers = st.sampled_from([0.0, 1.0, -1e4, 1e4, 1e-38]) | st.floats(-1e4, 1e4, width=32)
levels = st.sampled_from([-1.0, 0.0, 0.25, 0.5, 1.0])  # few, so that outputs tie, and lie on the thresholds


@st.composite
def cuts(draw: Any, rows: int) -> tuple[int, ...]:
    """Where rows are cut into blocks, down to blocks of one."""
    return tuple(sorted(draw(st.sets(st.integers(1, rows - 1))))) if rows > 1 else ()


@pytest.mark.parametrize("metric", [one for one in METRICS if one.task == "classes"], ids=label)
@given(st.data())
@settings(max_examples=60)
def test_metric_of_classes_is_its_formula(metric: Metric, data: st.DataObject) -> None:
    rows, outputs = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 6))
    y = data.draw(hn.arrays(np.float32, (rows, outputs), elements=levels.map(np.float32)))
    classes = max(2, outputs)
    occurring = st.sampled_from(sorted(data.draw(st.sets(st.integers(0, classes - 1), min_size=1))))
    labels = np.array(data.draw(st.lists(occurring, min_size=rows, max_size=rows)))
    threshold = data.draw(st.sampled_from([0.0, 0.5]))
    expected = CLASSES[label(metric)](y.tolist(), labels.tolist(), threshold)
    for target in class_targets(labels, outputs):
        found = measure(metric, y, target, threshold, data.draw(cuts(rows)))
        assert found == pytest.approx(expected, abs=1e-14)


@pytest.mark.parametrize("metric", [one for one in METRICS if one.task == "numbers"], ids=label)
@given(st.data())
@settings(max_examples=60)
def test_metric_of_numbers_is_its_formula(metric: Metric, data: st.DataObject) -> None:
    shape = data.draw(st.integers(1, 8)), data.draw(st.integers(1, 3))
    y, target = (data.draw(hn.arrays(np.float32, shape, elements=numbers.map(np.float32))) for _ in range(2))
    found = measure(metric, y, target, cuts=data.draw(cuts(shape[0])))
    if metric.type_name() == "r2":
        expected = exact_r2(y.tolist(), target.tolist())
        assert float(abs(Fraction(found) - expected) / (1 + abs(expected))) < 1e-6
    else:
        assert found == pytest.approx(NUMBERS[label(metric)](y.tolist(), target.tolist()), rel=1e-6)


def exact_r2(y: list[list[float]], target: list[list[float]]) -> Fraction:
    """r2 in fractions: without any rounding, however close together the targets are."""
    scores = []
    for predicted, true in zip(zip(*y, strict=True), zip(*target, strict=True), strict=True):
        t = [Fraction(number) for number in true]
        missed = sum((Fraction(a) - b) ** 2 for a, b in zip(predicted, t, strict=True))
        spread = sum((one - sum(t) / len(t)) ** 2 for one in t)
        scores.append(1 - missed / spread if spread else Fraction(int(missed == 0)))
    return sum(scores, Fraction(0)) / len(scores)


def test_targets_one_float32_apart_have_a_variance() -> None:
    target = np.array([[1e4], [np.nextafter(np.float32(1e4), np.float32(2e4))]], np.float32)
    y = np.full_like(target, 1e4)
    for blocks in ((), (1,)):
        assert measure(convert(Metric, "r2"), y, target, cuts=blocks) == pytest.approx(-1, rel=1e-3)
