"""Metrics against numbers from scikit-learn, which tests/sklearn_reference made once; the script is there, too."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from metric_formulas import class_targets, measure

from mltrain.config.convert import convert
from mltrain.engine.metrics.base import Metric

REFERENCE = json.loads((Path(__file__).parents[1] / "sklearn_reference" / "metrics.json").read_text())

# The same sums, exactly; what is divided and averaged after that may be rounded in another order.
ROUNDING = 1e-15


def metric(name: str) -> Metric:
    kind, _, k = name.partition("-k=")
    return convert(Metric, {"type": kind, "k": int(k)} if k else kind)


def scored(cases: list[dict[str, Any]]) -> set[str]:
    return {name.partition("-")[0] for case in cases for name in case["scores"]}


def test_every_metric_is_compared() -> None:
    assert scored(REFERENCE["classes"]) | scored(REFERENCE["numbers"]) == set(Metric.family.names())


@pytest.mark.parametrize("case", REFERENCE["classes"], ids=lambda case: f"{len(case['y'])}x{len(case['y'][0])}")
def test_metric_of_classes_is_that_of_scikit_learn(case: dict[str, Any]) -> None:
    y, labels = np.array(case["y"], np.float32), np.array(case["labels"])
    for target in class_targets(labels, y.shape[1]):
        for name, score in case["scores"].items():
            assert measure(metric(name), y, target, case["threshold"]) == pytest.approx(score, abs=ROUNDING), name


@pytest.mark.parametrize("case", REFERENCE["numbers"], ids=lambda case: f"{len(case['y'])}x{len(case['y'][0])}")
def test_metric_of_numbers_is_that_of_scikit_learn(case: dict[str, Any]) -> None:
    y, target = np.array(case["y"], np.float32), np.array(case["target"], np.float32)
    for name, score in case["scores"].items():
        assert measure(metric(name), y, target) == pytest.approx(score, rel=ROUNDING, abs=ROUNDING), name


def test_the_reference_holds_the_corners() -> None:
    classes, numbers = REFERENCE["classes"], REFERENCE["numbers"]
    assert {len(case["y"]) == 1 for case in classes} == {len(case["y"]) == 1 for case in numbers} == {True, False}
    assert any(len(set(case["labels"])) == 1 < len(case["labels"]) for case in classes)
    assert any(case["scores"]["recall"] == 0 for case in classes)
    constant = [case for case in numbers if len({row[0] for row in case["target"]}) == 1 < len(case["target"])]
    assert {case["scores"]["r2"] for case in constant if len(case["y"][0]) == 1} == {0.0, 1.0}


# Where scikit-learn has no number, or another one than docs/semantics.md promises.


def test_one_row_has_nothing_to_explain() -> None:
    target = np.array([[3.0]], np.float32)
    assert measure(convert(Metric, "r2"), target, target) == 1
    assert measure(convert(Metric, "r2"), target + 1, target) == 0


def test_root_mean_squared_error_is_one_root_over_all_outputs() -> None:
    y, target = np.array([[3.0, 4.0]], np.float32), np.zeros((1, 2), np.float32)
    found = measure(convert(Metric, "root_mean_squared_error"), y, target)
    assert found == pytest.approx(np.sqrt(12.5), rel=ROUNDING)  # scikit-learn: 3.5, the mean of the roots
