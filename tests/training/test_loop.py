"""The training loop: what it reports, what makes it repeatable, and how it ends early."""

import math
from typing import Any

import numpy as np
import pytest
from toy_training import class_rows, dense, line_rows, loss, network, training_of

from mltrain.backends.base import Rows
from mltrain.backends.numpy import window as batches
from mltrain.backends.numpy.evaluation import Evaluator
from mltrain.errors import TrainingDiverged, TrainingInterrupted, for_commands
from mltrain.training.divergence import advise

SLOW = {"type": "sgd", "learning_rate": 1e-9}
"""An optimizer that moves the weights by less than float32 can show, so that all batches see the same ones."""

DROPPING = (dense(16, "relu"), {"type": "dropout", "rate": 0.5}, dense(1))


def parameters_after(*layer_configs: Any, seed: int = 0, rows: Rows | None = None, **options: Any) -> np.ndarray:
    net = network(1, *layer_configs, seed=seed)
    list(training_of(net, rows or line_rows(), seed=seed, **options))
    return net.parameters.copy()


def test_an_epoch_reports_the_mean_of_its_rows() -> None:
    rows, net = line_rows(10), network(1, dense(1))
    y = rows.x @ net.arrays["dense.kernel"] + net.arrays["dense.bias"]
    (report,) = training_of(net, rows, how=SLOW, batch_size=4, measure=["mae"])
    errors = (y - rows.target).astype(np.float64)
    assert report.loss == pytest.approx(np.square(errors).mean(), rel=1e-6)
    assert report.metrics == {"mean_absolute_error": pytest.approx(np.abs(errors).mean(), rel=1e-6)}
    assert (report.epoch, report.epochs, report.steps) == (1, 1, 3)
    assert report.seconds > 0
    assert (report.val_loss, report.val_metrics, report.tracked) == (None, {}, {})


def test_full_batches_are_plain_gradient_descent() -> None:
    rows, net = line_rows(10), network(1, dense(1))
    kernel, bias = float(net.arrays["dense.kernel"][0, 0]), float(net.arrays["dense.bias"][0])
    losses = [report.loss for report in training_of(net, rows, epochs=5, batch_size="full")]
    x, target = rows.x[:, 0].astype(np.float64), rows.target[:, 0].astype(np.float64)
    for found in losses:
        errors = kernel * x + bias - target
        assert found == pytest.approx(np.square(errors).mean(), rel=1e-5)
        kernel, bias = kernel - 0.01 * 2 * (errors * x).mean(), bias - 0.01 * 2 * errors.mean()
    assert net.arrays["dense.kernel"][0, 0] == pytest.approx(kernel, rel=1e-5)
    assert net.arrays["dense.bias"][0] == pytest.approx(bias, rel=1e-5)


def test_batches_of_one_row_are_a_step_each_in_order() -> None:
    rows, net = line_rows(6), network(1, dense(1))
    kernel, bias = float(net.arrays["dense.kernel"][0, 0]), float(net.arrays["dense.bias"][0])
    (report,) = training_of(net, rows, batch_size=1, shuffle=False)
    losses = []
    for x, target in zip(rows.x[:, 0].tolist(), rows.target[:, 0].tolist(), strict=True):
        error = kernel * x + bias - target
        losses.append(error**2)
        kernel, bias = kernel - 0.02 * error * x, bias - 0.02 * error
    assert report.steps == 6
    assert report.loss == pytest.approx(np.mean(losses), rel=1e-5)
    assert net.arrays["dense.kernel"][0, 0] == pytest.approx(kernel, rel=1e-5)


def test_a_batch_larger_than_the_data_is_all_of_it() -> None:
    assert np.array_equal(parameters_after(dense(1), batch_size=1000), parameters_after(dense(1), batch_size="full"))


def test_full_batches_do_not_depend_on_the_order() -> None:
    shuffled, plain = (parameters_after(dense(1), batch_size="full", shuffle=shuffle) for shuffle in (True, False))
    assert np.array_equal(shuffled, plain)


def test_the_size_of_the_window_makes_no_difference(monkeypatch: pytest.MonkeyPatch) -> None:
    options: dict[str, Any] = {"rows": line_rows(70), "batch_size": 8, "epochs": 3}
    wide = parameters_after(*DROPPING, **options)
    monkeypatch.setattr(batches, "WINDOW_BYTES", 1)
    assert np.array_equal(wide, parameters_after(*DROPPING, **options))


def test_the_same_seed_gives_the_same_bytes() -> None:
    options: dict[str, Any] = {"how": "adam", "epochs": 3, "batch_size": 4}
    one, again, other = (parameters_after(*DROPPING, seed=seed, **options) for seed in (7, 7, 8))
    assert one.tobytes() == again.tobytes()
    assert one.tobytes() != other.tobytes()


def test_shuffling_changes_the_order_from_epoch_to_epoch() -> None:
    """With steps too small to learn from, the running mean after each step tells which rows came first."""
    courses: list[list[float]] = [[]]

    def progress(step: int, steps: int, mean: float) -> None:
        courses[-1].append(mean)
        if step == steps:
            courses.append([])

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(batches, "WINDOW_BYTES", 1)
        list(training_of(network(1, dense(1)), line_rows(), how=SLOW, epochs=2, batch_size=2, progress=progress))
        list(
            training_of(
                network(1, dense(1)), line_rows(), how=SLOW, epochs=2, batch_size=2, shuffle=False, progress=progress
            )
        )
    first, second, plain, again, _ = courses
    assert [len(course) for course in (first, second, plain, again)] == [5] * 4
    assert first != second
    assert plain == pytest.approx(again, rel=1e-6)
    assert first[-1] == pytest.approx(plain[-1], rel=1e-6)


def test_shuffling_does_not_change_what_is_dropped() -> None:
    """Where all rows are the same, their order makes no difference; what is dropped would."""
    same = Rows(np.ones((12, 1), np.float32), np.full((12, 1), 3, np.float32))
    options: dict[str, Any] = {"rows": same, "batch_size": 4, "epochs": 2}
    shuffled, plain = (parameters_after(*DROPPING, shuffle=shuffle, **options) for shuffle in (True, False))
    assert np.array_equal(shuffled, plain)
    assert not np.array_equal(shuffled, parameters_after(*DROPPING, seed=1, **options))


def test_dropout_does_not_change_the_order_of_the_rows() -> None:
    """Batches of one, one epoch: the losses seen on the way tell the order of the rows."""

    def order(*layer_configs: Any) -> list[int]:
        net = network(1, *layer_configs)
        losses = np.square(rows.x @ net.arrays["dense.kernel"] - rows.target)[:, 0]
        means: list[float] = []
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(batches, "WINDOW_BYTES", 1)
            list(training_of(net, rows, how=SLOW, batch_size=1, progress=lambda *at: means.append(at[2])))
        sums = np.array(means) * np.arange(1, len(means) + 1)
        return [int(np.abs(losses - each).argmin()) for each in np.diff(sums, prepend=0)]

    rows = Rows(np.zeros((6, 1), np.float32), np.arange(1, 7, dtype=np.float32)[:, None])
    plain, dropping = order(dense(1)), order(dense(1), {"type": "dropout", "rate": 0.5})
    assert sorted(plain) == list(range(6))
    assert dropping == plain


def test_validation_is_measured_after_each_epoch() -> None:
    rows, held_back, net = line_rows(8), line_rows(5, seed=2), network(1, dense(1))
    training = training_of(net, rows, epochs=2, batch_size=4, validation=held_back, measure=["mae"])
    for report in training:
        now = Evaluator(net, held_back.x, held_back.target, loss=loss("mse"))()
        assert report.val_loss == now.loss
        assert set(report.val_metrics) == {"mean_absolute_error"}


def test_tracked_parameters_are_recorded_with_their_first_values() -> None:
    net = network(1, dense(1, kernel_initializer={"type": "constant", "value": 5}))
    reports = list(training_of(net, line_rows(), epochs=2, track={"W": "dense.kernel", "b": "dense.bias"}))
    assert [report.epoch for report in reports] == [0, 1, 2]
    assert reports[0].tracked == {"W": 5.0, "b": 0.0}
    assert (reports[0].steps, reports[0].seconds) == (0, 0.0)
    assert reports[0].loss > reports[1].loss > reports[2].loss  # each is that of the values beside it
    assert reports[2].tracked == {"W": net.arrays["dense.kernel"][0, 0], "b": net.arrays["dense.bias"][0]}


def test_each_number_of_a_tracked_array_has_a_label() -> None:
    rows = Rows(np.zeros((4, 2), np.float32), np.zeros((4, 2), np.float32))
    net = network(2, dense(2))
    before, _ = training_of(net, rows, track=["dense.kernel", "dense.bias"])
    assert list(before.tracked) == [
        "dense.kernel[0, 0]",
        "dense.kernel[0, 1]",
        "dense.kernel[1, 0]",
        "dense.kernel[1, 1]",
        "dense.bias[0]",
        "dense.bias[1]",
    ]
    assert list(before.tracked.values())[:4] == net.arrays["dense.kernel"].flatten().tolist()


def test_no_epochs_leave_the_network_as_it_was() -> None:
    net = network(1, dense(1))
    before = net.parameters.copy()
    assert list(training_of(net, line_rows(), epochs=0)) == []
    (report,) = training_of(net, line_rows(), epochs=0, track=["dense.bias"], measure=["mae"])
    assert (report.epoch, report.epochs, list(report.metrics)) == (0, 0, ["mean_absolute_error"])
    assert np.array_equal(net.parameters, before)


def test_a_network_without_parameters_can_be_trained() -> None:
    rows = Rows(np.ones((3, 2), np.float32), np.zeros((3, 2), np.float32))
    assert [report.loss for report in training_of(network(2, "relu"), rows, epochs=2)] == [1, 1]


def test_rows_are_left_alone() -> None:
    rows = class_rows(20, 3, 4)
    for array in rows:
        array.setflags(write=False)
    training = training_of(
        network(3, dense(4, "softmax")), rows, aim="sparse_categorical_crossentropy", measure=["accuracy"], epochs=2
    )
    assert [report.epoch for report in training] == [1, 2]


RUNAWAY = {"type": "sgd", "learning_rate": 100}


def test_divergence_is_told_with_its_place_and_leaves_finite_weights() -> None:
    net = network(1, dense(1))
    with pytest.raises(TrainingDiverged) as caught:
        list(training_of(net, line_rows(40), how=RUNAWAY, epochs=50, batch_size=8))
    error = caught.value
    assert error.exit_code == 4
    assert 1 <= error.epoch <= 50
    assert 1 <= error.step <= 5
    assert error.last_finite_loss is not None
    assert math.isfinite(error.last_finite_loss)
    first, *advice = str(error).split("\n")
    assert first == (
        f"training diverged: in epoch {error.epoch}, step {error.step}, the loss became inf; "
        f"the last finite loss was {error.last_finite_loss:.4g}"
    )
    assert advice == [f"  try {one}" for one in advise(100, 1, None)]
    assert "--" not in str(error)
    assert error.for_commands == str(error).replace("optimizer.", "--set optimizer.")
    assert np.isfinite(net.parameters).all()


def test_a_loss_that_was_never_finite() -> None:
    rows = Rows(np.full((3, 1), 1e30, np.float32), np.ones((3, 1), np.float32))
    net = network(1, dense(1))
    before = net.parameters.copy()
    with pytest.raises(TrainingDiverged, match="in epoch 1, step 1, the loss became inf; it never was a finite number"):
        list(training_of(net, rows))
    assert np.array_equal(net.parameters, before)


def test_the_advice_fits_what_was_tried() -> None:
    rate, inputs, bound, weights = advise(0.1, 255, None)
    assert rate == "a smaller learning rate: optimizer.learning_rate=0.01 (it was 0.1)"
    assert for_commands(rate) == "a smaller learning rate: --set optimizer.learning_rate=0.01 (it was 0.1)"
    assert inputs == "smaller inputs: they reach 255; networks learn best from numbers around -1 to 1"
    assert for_commands(bound) == "a bound on each step: --set optimizer.clip_norm=1"
    assert for_commands(weights) == (
        "smaller first weights: a kernel_initializer such as glorot_uniform, the default, in place of a wide one"
    )
    assert advise(0.1, 10, 1.0) == [rate, weights]


def stop_after(count: int) -> Any:
    """A ``stop`` that says yes when it was asked so many times."""
    asked = iter(range(count))
    return lambda: next(asked, None) is None


@pytest.mark.parametrize(
    ("asked", "place"),
    [
        (0, "epoch 1 after step 0 of 3"),
        (2, "epoch 1 after step 2 of 3"),
        (3, "epoch 1 after step 3 of 3"),
        (4, "epoch 2 after step 1 of 3"),
        (8, "epoch 3 after step 2 of 3"),
    ],
)
def test_training_stops_between_two_steps(asked: int, place: str) -> None:
    """The weights are those of the last whole step: as if no more steps had been planned."""
    net, rows = network(1, dense(1)), line_rows(12)
    history = []
    with pytest.raises(TrainingInterrupted, match=f"^stopped in {place}$") as caught:
        history.extend(training_of(net, rows, epochs=9, batch_size=4, shuffle=False, stop=stop_after(asked)))
    assert caught.value.exit_code == 130

    in_order = Rows(*(np.tile(array, (3, 1))[: 4 * asked] for array in rows))
    expected = network(1, dense(1))
    if asked:
        list(training_of(expected, in_order, batch_size=4, shuffle=False))
    assert np.array_equal(net.parameters, expected.parameters)


def test_training_by_full_batches_can_be_stopped_too() -> None:
    """An epoch of one step has no place between two steps of its own."""
    with pytest.raises(TrainingInterrupted, match="stopped in epoch 5 after step 1 of 1"):
        list(training_of(network(1, dense(1)), line_rows(), epochs=1000, batch_size="full", stop=stop_after(5)))


def test_a_stop_after_the_last_step_comes_too_late() -> None:
    assert len(list(training_of(network(1, dense(1)), line_rows(), epochs=2, batch_size="full", stop=stop_after(2))))


def test_progress_is_told_between_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    told: list[tuple[int, int, float]] = []
    monkeypatch.setattr(batches, "WINDOW_BYTES", 1)
    (report,) = training_of(
        network(1, dense(1)), line_rows(10), batch_size=4, progress=lambda *row_spec: told.append(row_spec)
    )
    assert [(step, steps) for step, steps, _ in told] == [(1, 3), (2, 3), (3, 3)]
    assert told[-1][2] == pytest.approx(report.loss)


def test_progress_is_told_once_for_steps_that_share_a_window() -> None:
    told: list[int] = []
    list(
        training_of(
            network(1, dense(1)), line_rows(10), batch_size=1, progress=lambda *row_spec: told.append(row_spec[0])
        )
    )
    assert told == [10]


def test_training_that_is_broken_off_can_be_closed() -> None:
    training = training_of(network(1, dense(1)), line_rows(), epochs=5)
    assert next(training).epoch == 1
    training.close()
    with pytest.raises(StopIteration):
        next(training)
