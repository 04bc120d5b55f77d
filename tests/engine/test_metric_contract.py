"""What every metric must do, whichever it is, and whether it gives what its formula says."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from spec_examples import examples, label

from mltrain.config.convert import convert
from mltrain.engine.metrics import Metric

METRICS = examples(Metric)
ROWS = 40


def measure(metric: Metric, y: Any, target: Any, threshold: float = 0.5, cuts: tuple[int, ...] = ()) -> float:
    """The metric of all rows, seen in the blocks between the cuts."""
    statistics = None
    for part in np.split(np.arange(len(y)), cuts):
        found = metric.statistics(y[part], target[part], threshold)
        statistics = found if statistics is None else metric.merge(statistics, found)
    assert statistics is not None
    return metric.result(statistics)


# The formulas once more, number by number in Python's own floats: of lists of rows of outputs, with rows of targets ...


def squares(y: list[list[float]], target: list[list[float]]) -> list[list[float]]:
    return [[(a - b) ** 2 for a, b in zip(*rows, strict=True)] for rows in zip(y, target, strict=True)]


def mean(rows: list[list[float]]) -> float:
    return math.fsum(map(math.fsum, rows)) / (len(rows) * len(rows[0]))


def r2(y: list[list[float]], target: list[list[float]]) -> float:
    missed = [math.fsum(column) for column in zip(*squares(y, target), strict=True)]
    columns = list(zip(*target, strict=True))
    means = [math.fsum(column) / len(column) for column in columns]
    spread = [math.fsum((t - m) ** 2 for t in column) for column, m in zip(columns, means, strict=True)]
    return math.fsum(1 - a / b for a, b in zip(missed, spread, strict=True)) / len(columns)


# ... or with class numbers.


def guesses(row: list[float], threshold: float) -> list[int]:
    """Classes, the likeliest first."""
    scores = row if len(row) > 1 else [threshold, row[0]]
    return sorted(range(len(scores)), key=lambda index: -scores[index])


def class_score(
    score: Callable[[int, int, int], float],
) -> Callable[[list[list[float]], list[int], float], float]:
    def of(y: list[list[float]], true: list[int], threshold: float) -> float:
        predicted = [guesses(row, threshold)[0] for row in y]
        scores = {
            number: score(
                sum(p == t == number for p, t in zip(predicted, true, strict=True)),
                predicted.count(number),
                true.count(number),
            )
            for number in {*predicted, *true}
        }
        return scores.get(1, 0) if len(y[0]) <= 2 else math.fsum(scores.values()) / len(scores)

    return of


def top(k: int) -> Callable[[list[list[float]], list[int], float], float]:
    return lambda y, true, threshold: (
        sum(t in guesses(row, threshold)[:k] for row, t in zip(y, true, strict=True)) / len(y)
    )


NUMBERS: dict[str, Callable[[list[list[float]], list[list[float]]], float]] = {
    "mean_squared_error": lambda y, target: mean(squares(y, target)),
    "root_mean_squared_error": lambda y, target: math.sqrt(mean(squares(y, target))),
    "mean_absolute_error": lambda y, target: mean([[math.sqrt(a) for a in row] for row in squares(y, target)]),
    "r2": r2,
}
CLASSES: dict[str, Callable[[list[list[float]], list[int], float], float]] = {
    "accuracy": top(1),
    "precision": class_score(lambda right, predicted, true: right / predicted if predicted else 0),
    "recall": class_score(lambda right, predicted, true: right / true if true else 0),
    "f1": class_score(lambda right, predicted, true: 2 * right / (predicted + true)),
    "top_k_accuracy": top(5),
    "top_k_accuracy-k=2": top(2),
}


def class_targets(labels: Any, outputs: int) -> list[Any]:
    """The same class numbers in each form in which losses take them."""
    if outputs == 1:
        return [labels.astype(np.float32)[:, None], labels.astype(np.int32)]
    return [labels.astype(np.int32), np.eye(outputs, dtype=np.float32)[labels]]


def test_family_holds_what_the_documentation_names() -> None:
    numbers = "mean_absolute_error mean_squared_error root_mean_squared_error r2"
    classes = "accuracy precision recall f1 top_k_accuracy"
    assert set(f"{numbers} {classes}".split()) <= set(Metric.family.names())
    aliases = Metric.family.aliases()
    assert [aliases[name] for name in ("mae", "mse", "rmse")] == numbers.split()[:3]
    assert {label(metric) for metric in METRICS} >= NUMBERS.keys() | CLASSES.keys()
    assert {case.partition("-")[0] for case in (*NUMBERS, *CLASSES)} == set(f"{numbers} {classes}".split())


@pytest.mark.parametrize("cuts", [(), (1, 2, 20, 39)], ids=["whole", "blocks"])
@pytest.mark.parametrize("metric", [one for one in METRICS if label(one) in NUMBERS], ids=label)
@pytest.mark.parametrize("outputs", [1, 3])
def test_metric_of_numbers_is_its_formula(metric: Metric, outputs: int, cuts: tuple[int, ...]) -> None:
    rng = np.random.default_rng(7)
    target = rng.normal(100, 1, (ROWS, outputs)).astype(np.float32)
    y = target + rng.normal(0, 0.5, (ROWS, outputs)).astype(np.float32)
    expected = NUMBERS[label(metric)](y.tolist(), target.tolist())
    assert measure(metric, y, target, cuts=cuts) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("cuts", [(), (1, 2, 20, 39)], ids=["whole", "blocks"])
@pytest.mark.parametrize("metric", [one for one in METRICS if label(one) in CLASSES], ids=label)
@pytest.mark.parametrize(("outputs", "threshold"), [(1, 0.5), (1, 0.0), (2, 0.5), (7, 0.5)])
def test_metric_of_classes_is_its_formula(
    metric: Metric, outputs: int, threshold: float, cuts: tuple[int, ...]
) -> None:
    rng = np.random.default_rng(8)
    # Rounded, so that there are ties; one class of seven is never true, and another neither true nor predicted.
    y = rng.normal(size=(ROWS, outputs)).round(1).astype(np.float32)
    y[:, 6:] = -9
    labels = rng.integers(0, max(2, outputs - 2), ROWS)
    expected = CLASSES[label(metric)](y.tolist(), labels.tolist(), threshold)
    for target in class_targets(labels, outputs):
        assert measure(metric, y, target, threshold, cuts) == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("name", ["precision", "recall", "f1"])
def test_what_never_happened_counts_as_zero(name: str) -> None:
    y, target = np.zeros((3, 1), np.float32), np.zeros((3, 1), np.float32)
    assert measure(convert(Metric, name), y, target) == 0


def test_r2_is_exact_for_targets_far_from_zero() -> None:
    rng = np.random.default_rng(9)
    target, errors = rng.normal(size=(ROWS, 1)), rng.normal(size=(ROWS, 1))
    far = 2.0**30  # a power of two, so that adding it changes the small parts of target only by rounding
    near = measure(convert(Metric, "r2"), target + errors, target)
    assert measure(convert(Metric, "r2"), far + target + errors, far + target, cuts=(7, 8)) == pytest.approx(
        near, rel=1e-6
    )


def test_r2_of_constant_targets_is_one_where_exact_and_else_zero() -> None:
    r2 = convert(Metric, "r2")
    target = np.full((6, 2), 0.1, np.float32)
    y = target.copy()
    assert measure(r2, y, target, cuts=(1, 4)) == 1
    y[0, 0] += 1
    assert measure(r2, y, target, cuts=(1, 4)) == 0.5


def test_equal_outputs_go_to_the_lower_class_number() -> None:
    y = np.zeros((4, 4), np.float32)
    labels = np.arange(4, dtype=np.int32)
    found = [measure(convert(Metric, {"type": "top_k_accuracy", "k": k}), y, labels) for k in (1, 2, 4)]
    assert found == [measure(convert(Metric, "accuracy"), y, labels), 0.5, 1.0] == [0.25, 0.5, 1.0]


def test_outputs_that_are_no_numbers_are_never_right_among_the_top() -> None:
    y = np.full((2, 3), np.nan, np.float32)
    assert measure(convert(Metric, {"type": "top_k_accuracy", "k": 2}), y, np.array([0, 1], np.int32)) == 0
