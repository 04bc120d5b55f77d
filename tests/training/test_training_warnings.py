"""What would train, but not well."""

from typing import Any

import numpy as np
import pytest
from toy_training import class_rows, dense, line_rows, loss, network, optimizer, row_spec

from mltrain.backends.default import default_backend
from mltrain.checks.warnings import find_warnings, growing_loss, try_steps
from mltrain.config.convert import convert
from mltrain.data.base import Dataset, RowSpec, Split
from mltrain.data.preprocessing import AS_IS, Preprocessing, pixels
from mltrain.engine.network import Network
from mltrain.training.epoch_report import EpochReport
from mltrain.training.options import Training
from mltrain.training.targets import encode


def warnings_of(
    net: Network,
    rows: Split,
    about: RowSpec | None = None,
    *,
    aim: str = "mse",
    how: Any = "sgd",
    preprocessing: Preprocessing = AS_IS,
    **options: Any,
) -> list[str]:
    about = about or row_spec(rows.y.shape[1], None, rows.x.shape[1:])
    before = net.parameters.copy()
    target = encode(loss(aim), about, net.output_shape[0], rows)
    dataset, training = Dataset(about, rows, preprocessing=preprocessing), convert(Training, options)
    found = [
        *find_warnings(net, dataset, target, loss=loss(aim), training=training),
        *try_steps(
            default_backend(), net, dataset, target, loss=loss(aim), optimizer=optimizer(how), training=training
        ),
    ]
    assert np.array_equal(net.parameters, before)
    return found


def rows_of(x: Any, y: Any = None) -> Split:
    x = np.array(x, np.float32)
    return Split(x, np.zeros((len(x), 1), np.float32) if y is None else np.array(y, np.float32))


LINE = Split(*line_rows())


def test_a_sound_training_gives_no_reason_to_warn() -> None:
    assert warnings_of(network(1, dense(1)), LINE) == []


@pytest.mark.parametrize(("x", "span"), [([[0], [11]], "from 0 to 11"), ([[-255], [1]], "from -255 to 1")])
def test_inputs_far_from_zero(x: Any, span: str) -> None:
    (warning,) = warnings_of(network(1, dense(1)), rows_of(x), how={"type": "sgd", "learning_rate": 1e-6})
    assert warning == (
        f"the inputs reach {span}; networks learn best from numbers around -1 to 1: "
        "divide them, or expect to need a tiny learning rate"
    )


def test_inputs_that_are_just_near_enough() -> None:
    assert warnings_of(network(1, dense(1)), rows_of([[-10], [10]]), how={"type": "sgd", "learning_rate": 1e-6}) == []


IMAGES = Split(np.random.default_rng(0).integers(0, 256, (20, 3, 3), np.uint8), class_rows(20, 1, 2).target)


def test_pixels_that_are_not_scaled() -> None:
    layer_configs = ("flatten", dense(2, "softmax"))
    about = {"outputs": 1, "classes": ("0", "1"), "input_shape": (3, 3)}
    aim, how = "sparse_categorical_crossentropy", {"type": "sgd", "learning_rate": 1e-6}
    (warning,) = warnings_of(network((3, 3), *layer_configs), IMAGES, RowSpec(**about), aim=aim, how=how)
    assert warning == (
        f"the inputs reach from {IMAGES.x.min()} to {IMAGES.x.max()}; "
        "networks learn best from numbers around -1 to 1: for images write 'scale: true'"
    )
    assert (
        warnings_of(
            network((3, 3), *layer_configs), IMAGES, RowSpec(**about), aim=aim, preprocessing=pixels(scale=True)
        )
        == []
    )


def test_features_that_never_change() -> None:
    x = np.random.default_rng(0).normal(size=(9, 8))
    x[:, 3] = 1
    one = "feature 3 of 8 (counted from 0) never changes, so it teaches nothing; leave it out"
    assert warnings_of(network(8, dense(1)), rows_of(x)) == [one]
    x[:, :6] = 1
    many = "features 0, 1, 2, 3, 4, ... of 8 (counted from 0) never change, so they teach nothing; leave them out"
    assert warnings_of(network(8, dense(1)), rows_of(x)) == [many]


def test_a_single_row_or_feature_is_no_constant() -> None:
    assert warnings_of(network(2, dense(1)), rows_of([[1, 2]])) == []
    assert warnings_of(network(1, dense(1)), rows_of([[1], [1]])) == []


@pytest.mark.parametrize(
    ("labels", "missing"),
    [([0, 0, 2], "'b'"), ([1, 1, 1], "'a', 'c'")],
)
def test_classes_without_a_row(labels: list[int], missing: str) -> None:
    rows = Split(line_rows(3).x, np.array(labels, np.int32))
    aim = "sparse_categorical_crossentropy"
    line = f"no row to train on is of class {missing}: the network will never predict it"
    assert warnings_of(network(1, dense(3, "softmax")), rows, row_spec(classes=("a", "b", "c")), aim=aim) == [line]


def test_class_numbers_without_a_row() -> None:
    rows = rows_of(line_rows(3).x, [[0], [0], [2]])
    found = warnings_of(network(1, dense(3, "softmax")), rows, aim="sparse_categorical_crossentropy")
    assert found == ["no row to train on is of class '1': the network will never predict it"]


def test_softmax_without_its_loss() -> None:
    rows = rows_of(line_rows(4).x, [[1, 0], [0, 1], [1, 0], [0, 1]])
    assert warnings_of(network(1, dense(2, "softmax")), rows) == [
        "softmax with mean_squared_error learns slowly, and hardly at all from confident mistakes; "
        "use categorical_crossentropy"
    ]


def test_a_step_within_the_network() -> None:
    warning = "step has slope 0, so nothing before it can learn; use sigmoid or relu instead"
    rows = rows_of(line_rows(4).x, [[1], [0], [1], [0]])
    deep = (dense(3, "step"), dense(1, "step"))
    assert warnings_of(network(1, *deep), rows, aim="perceptron") == [warning]
    assert warnings_of(network(1, *deep), rows, aim="perceptron", epochs=0) == []
    assert warnings_of(network(1, dense(1, "step")), rows, aim="perceptron") == []
    assert warnings_of(network(1, dense(1, "step")), rows, aim="mse") == [warning]


GROWS = r"the first step makes the loss grow, from {} to {}: the learning rate is probably too high; try a tenth of it"


@pytest.mark.parametrize("batch_size", [4, "full"])
def test_a_first_step_that_makes_the_loss_grow(batch_size: Any) -> None:
    net = network(1, dense(1, kernel_initializer="zeros"))
    rows = rows_of([[1]] * 8, [[1]] * 8)
    # Slope and intercept both go from 0 to 2 rate, so that the error goes from -1 to 4 rate - 1.
    (warning,) = warnings_of(net, rows, how={"type": "sgd", "learning_rate": 0.75}, batch_size=batch_size)
    assert warning == GROWS.format(1, 4)


def test_no_first_step_no_warning() -> None:
    assert warnings_of(network(1, dense(1)), LINE, how={"type": "sgd", "learning_rate": 100}, epochs=0) == []


def test_a_first_step_that_diverges() -> None:
    rows = rows_of([[1]] * 4, [[1]] * 4)
    net = network(1, dense(1, kernel_initializer="zeros"))
    assert warnings_of(net, rows, how={"type": "sgd", "learning_rate": 1e38}) == [GROWS.format(1, "inf")]


def test_a_loss_that_creeps_up_and_does_not_come_back() -> None:
    net = network(1, dense(1, kernel_initializer="zeros"))
    # The error is 1.08 times as large after each step, and the loss five times as large after ten.
    (warning,) = warnings_of(net, rows_of([[1]] * 4, [[1]] * 4), how={"type": "sgd", "learning_rate": 0.52})
    assert warning == GROWS.format(1, "1.166")


def test_weights_that_are_no_numbers_after_the_first_step() -> None:
    net = network(1, dense(1, kernel_initializer="zeros"))
    rows = rows_of([[1], [-1]], [[1], [2]])
    assert warnings_of(net, rows, how={"type": "sgd", "learning_rate": 1e39}) == [GROWS.format("2.5", "nan")]


def test_a_loss_that_is_infinite_to_begin_with_is_not_the_rates_fault() -> None:
    net = network(1, dense(1, kernel_initializer={"type": "constant", "value": 1e30}))
    assert warnings_of(net, LINE) == []


def test_a_loss_that_grows_at_first_and_then_falls_is_nothing_to_worry_about() -> None:
    """As it does from wide first weights. Here the rate falls after the first step."""
    rows = rows_of([[1]] * 4, [[1]] * 4)
    net = network(1, dense(1, kernel_initializer="zeros"))

    def falling(first: float) -> dict[str, Any]:
        decay = {"type": "piecewise", "boundaries": [0], "values": [first, 0.1]}
        return {"type": "sgd", "learning_rate": decay}

    assert warnings_of(net, rows, how=falling(0.6)) == []  # an error of 1, then 1.4, then 0.84
    assert warnings_of(net, rows, how=falling(2.0)) == [GROWS.format(1, 49)]  # too far to be waited for


def told(*losses: float, epochs: int = 100, first: int = 1) -> list[str | None]:
    """What is said after each epoch."""
    reports = [EpochReport(first + index, epochs, 1, 0.0, loss, {}) for index, loss in enumerate(losses)]
    return [growing_loss(reports[: count + 1]) for count in range(len(reports))]


def test_a_loss_that_grows_from_the_first_epochs_on_is_told_once() -> None:
    said = (
        "the loss grows, from 2 in epoch 1 to {} in epoch {}: the learning rate is probably too high; try a tenth of it"
    )
    assert told(2, 3, 4, 5, 6) == [None, None, None, said.format(5, 4), None]
    assert told(2, 3, 21, 99) == [None, None, said.format(21, 3), None]
    assert told(2, 21, 20, 19) == [None, said.format(21, 2), None, None]
    assert told(2, 3, epochs=2) == [None, said.format(3, 2)]
    assert told(2, 3, 4, epochs=2, first=0)[-1] == said.format(4, 2).replace("epoch 1 ", "epoch 0 ")


@pytest.mark.parametrize("losses", [(2, 3, 1.9, 5), (2, 2, 2, 2, 2), (0, 1, 2, 3), (2,), (2, 2.05, 2.09, 2.04), (2, 1)])
def test_a_loss_that_falls_again_or_hardly_moves_is_no_reason_to_warn(losses: tuple[float, ...]) -> None:
    assert told(*losses) == [None] * len(losses)


def test_a_step_that_moves_nothing() -> None:
    rows = rows_of([[1], [-1]], [[1], [2]])
    how = {"type": "sgd", "learning_rate": 1e-13}
    (warning,) = warnings_of(network(1, dense(1)), rows, how=how, epochs=100)
    assert warning.startswith("the first step moves no weight by more than ")
    assert warning.endswith("the learning rate is probably too small")
    assert warnings_of(network(1, dense(1)), rows, how={"type": "sgd", "learning_rate": 1e-7}, epochs=100) == []
    solved = rows_of([[0], [0]], [[0], [0]])
    assert warnings_of(network(1, dense(1)), solved, how=how) == []
    climb = {"type": "cosine_decay", "initial_learning_rate": 0, "warmup_target": 0.1, "warmup_steps": 5}
    how = {"type": "sgd", "learning_rate": {**climb, "decay_steps": 50}}
    assert warnings_of(network(1, dense(1)), rows, how=how, epochs=9) == []
