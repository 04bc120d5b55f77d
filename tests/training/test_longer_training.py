"""What training offers to those who train for longer: rates that react, penalties, large batches from small ones,
means of the parameters, and layers that stay as they are."""

from typing import Any

import numpy as np
import pytest
from toy_training import class_rows, dense, line_rows, loss, network, training_of

from mltrain.backends.numpy.evaluation import Evaluator
from mltrain.engine.network import Network
from mltrain.errors import TrainingDiverged, TrainingInterrupted
from mltrain.training.epoch_report import EpochReport

INPUTS, CLASSES = 5, 3
HIDDEN = dense(6, "tanh", name="hidden")
LAST = dense(CLASSES, "softmax", name="last")


def fitted(*layers: Any, count: int = 96, **options: Any) -> tuple[Network, list[EpochReport]]:
    """A small network of classes after its training, and the reports."""
    net = network(INPUTS, *(layers or (HIDDEN, LAST)))
    options = {"how": "adam", "epochs": 3, "batch_size": 32, **options}
    rows = class_rows(count, INPUTS, CLASSES)
    return net, list(training_of(net, rows, aim="sparse_categorical_crossentropy", **options))


PLATEAU = {"type": "reduce_on_plateau", "initial_learning_rate": 0.1, "patience": 1, "factor": 0.5, "min_delta": 100}


def test_the_rate_of_each_epoch_is_reported_where_it_changes() -> None:
    how = {"type": "sgd", "learning_rate": {**PLATEAU, "monitor": "loss"}}
    _, reports = fitted(how=how, epochs=4)
    assert [report.learning_rate for report in reports] == [0.1, 0.1, 0.05, 0.025]
    _, reports = fitted(
        how={"type": "sgd", "learning_rate": {"type": "piecewise", "boundaries": [3], "values": [2, 1]}}
    )
    assert [report.learning_rate for report in reports] == [2, 1, 1]
    _, reports = fitted()
    assert [report.learning_rate for report in reports] == [None] * 3


def test_a_lowered_rate_makes_smaller_steps() -> None:
    """Full batches of plain gradient descent, for which the same steps can be taken at rates that are given."""
    how = {"type": "sgd", "learning_rate": {**PLATEAU, "monitor": "val_loss"}}
    reacting, _ = fitted(how=how, epochs=4, batch_size="full", validation=class_rows(9, INPUTS, CLASSES, 2))
    rates = {"type": "piecewise", "boundaries": [1, 2], "values": [0.1, 0.05, 0.025]}
    given, _ = fitted(how={"type": "sgd", "learning_rate": rates}, epochs=4, batch_size="full")
    np.testing.assert_array_equal(reacting.parameters, given.parameters)


def test_the_loss_of_an_epoch_includes_the_penalty() -> None:
    slow = {"type": "sgd", "learning_rate": 1e-9}
    rows, validation = class_rows(96, INPUTS, CLASSES), class_rows(20, INPUTS, CLASSES, 2)
    plain, (without,) = fitted(how=slow, epochs=1, validation=validation)
    heavy, (with_penalty,) = fitted(
        {**HIDDEN, "kernel_regularizer": {"type": "l2", "l2": 0.1}}, LAST, how=slow, epochs=1, validation=validation
    )
    penalty = 0.1 * float(np.square(heavy.arrays["hidden.kernel"]).sum())
    assert penalty > 0.1
    assert with_penalty.loss == pytest.approx(without.loss + penalty, rel=1e-6)
    assert with_penalty.val_loss == pytest.approx((without.val_loss or 0) + penalty, rel=1e-6)
    aim = loss("sparse_categorical_crossentropy")
    both = [Evaluator(net, rows.x, rows.target, loss=aim)().loss for net in (plain, heavy)]
    assert both[1] == pytest.approx(both[0] + penalty, rel=1e-5)


def test_a_penalty_beyond_all_numbers_is_a_divergence() -> None:
    hidden = {**HIDDEN, "kernel_regularizer": {"type": "l2", "l2": 1e300}, "kernel_initializer": "ones"}
    net = network(INPUTS, {**hidden, "kernel_initializer": {"type": "constant", "value": 1e10}}, LAST)
    before = net.parameters.copy()
    training = training_of(net, class_rows(9, INPUTS, CLASSES), aim="sparse_categorical_crossentropy")
    with pytest.raises(TrainingDiverged, match="in epoch 1, step 1, the loss became inf"):
        list(training)
    np.testing.assert_array_equal(net.parameters, before)


@pytest.mark.parametrize("how", ["sgd", "adam", {"type": "sgd", "clip_norm": 0.1}], ids=str)
def test_small_batches_accumulate_to_a_large_one(how: Any) -> None:
    """Also with a penalty, and a last group of fewer batches: 96 rows are two groups of 32 and one of 8 rows less."""
    hidden = {**HIDDEN, "kernel_regularizer": "l2"}
    for count in (96, 80, 75):
        options: dict[str, Any] = {"how": how, "count": count}
        large, expected = fitted(hidden, LAST, batch_size=32, **options)
        small, found = fitted(hidden, LAST, batch_size=8, gradient_accumulation=4, **options)
        np.testing.assert_allclose(small.parameters, large.parameters, rtol=1e-4, atol=2e-6)
        assert [one.loss for one in found] == pytest.approx([one.loss for one in expected], rel=1e-5)
        assert found[0].steps == -(-count // 8)


def test_schedules_count_steps_not_batches() -> None:
    rate = {"type": "piecewise", "boundaries": [3], "values": [0.2, 0.1]}
    _, reports = fitted(how={"type": "sgd", "learning_rate": rate}, batch_size=8, gradient_accumulation=4)
    assert [report.learning_rate for report in reports] == [0.2, 0.1, 0.1]


def test_groups_of_one_batch_are_batches() -> None:
    alone, _ = fitted(batch_size="full", gradient_accumulation=7)
    plain, _ = fitted(batch_size="full")
    np.testing.assert_array_equal(alone.parameters, plain.parameters)


AVERAGING = {"type": "sgd", "learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.75}


def test_the_network_holds_the_running_mean_after_each_epoch() -> None:
    """Full batches, so that the parameters after each step are those of a training without a mean."""
    plain = network(1, dense(1))
    plainly = training_of(plain, line_rows(), how={**AVERAGING, "use_ema": False}, epochs=5, batch_size="full")
    trail = [plain.parameters.astype(np.float64) for _ in plainly]
    mean, averaged, validation = trail[0], network(1, dense(1)), line_rows(7, seed=4)
    training = training_of(averaged, line_rows(), how=AVERAGING, epochs=5, batch_size="full", validation=validation)
    for parameters, report in zip(trail, training, strict=True):
        mean = 0.75 * mean + 0.25 * parameters if report.epoch > 1 else parameters
        np.testing.assert_allclose(averaged.parameters, mean, rtol=1e-6)
        measured = Evaluator(averaged, validation.x, validation.target, loss=loss("mse"))()
        assert report.val_loss == measured.loss
    np.testing.assert_allclose(averaged.parameters, mean, rtol=1e-6)


def test_an_interrupted_training_keeps_the_mean() -> None:
    def interrupted(how: Any) -> np.ndarray:
        asked, net = iter(range(4)), network(INPUTS, HIDDEN, LAST)
        rows, aim = class_rows(96, INPUTS, CLASSES), "sparse_categorical_crossentropy"
        with pytest.raises(TrainingInterrupted):
            list(training_of(net, rows, aim=aim, how=how, epochs=9, stop=lambda: next(asked, None) is None))
        return net.parameters

    assert np.abs(interrupted(AVERAGING) - interrupted({**AVERAGING, "use_ema": False})).max() > 1e-4
    np.testing.assert_array_equal(
        interrupted({**AVERAGING, "ema_momentum": 0}), interrupted({**AVERAGING, "use_ema": False})
    )


@pytest.mark.parametrize("how", ["adam", {**AVERAGING, "weight_decay": 0.1, "momentum": 0.9}], ids=["adam", "all"])
def test_frozen_layers_stay_as_they_are(how: Any) -> None:
    frozen = {**HIDDEN, "trainable": False, "kernel_regularizer": "l1"}
    for layers in ((frozen, LAST), (HIDDEN, {**LAST, "trainable": False})):
        first = network(INPUTS, *layers).arrays
        net, _ = fitted(*layers, how=how)
        for name, array in net.arrays.items():
            is_frozen = not next(node for node in net.nodes if node.name == name.partition(".")[0]).trainable_count
            assert np.array_equal(array, first[name]) == is_frozen, name


def test_a_network_that_is_all_frozen_learns_nothing() -> None:
    layers = ({**HIDDEN, "trainable": False}, {**LAST, "trainable": False})
    net, reports = fitted(*layers, how=AVERAGING)
    np.testing.assert_array_equal(net.parameters, network(INPUTS, *layers).parameters)
    assert reports[0].loss == pytest.approx(reports[-1].loss, rel=1e-6)
