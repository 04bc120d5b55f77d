"""What every metric must do, whichever it is, and whether it gives what its formula says."""

import numpy as np
import pytest
from metric_formulas import CLASSES, NUMBERS, class_targets, measure
from spec_examples import examples, label

from mltrain.config.convert import convert
from mltrain.engine.metrics.base import Metric, true_classes

METRICS = examples(Metric)
ROWS = 40


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


@pytest.mark.parametrize("metric", METRICS, ids=label)
@pytest.mark.parametrize("outputs", [1, 4])
def test_numbers_of_rows_add_up_to_the_metric_of_any_rows(metric: Metric, outputs: int) -> None:
    """Of rows drawn with replacement, as a bootstrap draws them: some several times, others never."""
    rng = np.random.default_rng(10)
    y = rng.normal(size=(ROWS, outputs)).round(1).astype(np.float32)
    numbers = rng.normal(50, 2, (ROWS, outputs)).astype(np.float32)
    labels = rng.integers(0, max(2, outputs), ROWS)
    for target in [numbers] if metric.task == "numbers" else class_targets(labels, outputs):
        alone = metric.row_statistics(y, target, 0.5)
        assert alone.shape[0] == ROWS
        for _ in range(5):
            drawn = rng.integers(0, ROWS, ROWS)
            found = metric.result(metric.from_sums(alone[drawn].sum(axis=0)))
            assert found == pytest.approx(measure(metric, y[drawn], target[drawn]), rel=1e-6, abs=1e-9)
        assert np.allclose(Metric.row_statistics(metric, y, target, 0.5).shape, alone.shape)


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


def test_of_a_single_target_the_class_is_1_above_a_half() -> None:
    assert true_classes(np.array([[0.0], [0.5], [0.75], [1.0]], np.float32)).tolist() == [0, 0, 1, 1]
