"""From a dataset's targets to what a loss takes: every encoding, and every reason why it cannot be."""

from typing import Any

import numpy as np
import pytest
from toy_training import loss, row_spec, split

from mltrain.training.targets import class_names, encode, misfit, mismatch

THREE = ("ant", "bee", "cat")
DIGITS = tuple(map(str, range(10)))


@pytest.mark.parametrize(
    ("aim", "outputs", "classes", "y", "encoded"),
    [
        ("mse", 2, None, [[1, 2], [3, 4]], [[1, 2], [3, 4]]),
        ("mse", 1, DIGITS, [7, 2], [[7], [2]]),
        ("mse", 3, ("0", "1", "2"), [0, 2], [[1, 0, 0], [0, 0, 1]]),
        ("sparse_categorical_crossentropy", 3, THREE, [2, 0], [2, 0]),
        ("sparse_categorical_crossentropy", 3, None, [[2], [0]], [2, 0]),
        ("categorical_crossentropy", 3, THREE, [2, 0], [[0, 0, 1], [1, 0, 0]]),
        ("categorical_crossentropy", 2, None, [[0.5, 0.5], [1, 0]], [[0.5, 0.5], [1, 0]]),
        ("binary_crossentropy", 1, ("no", "yes"), [1, 0], [[1], [0]]),
        ("binary_crossentropy", 3, THREE, [1, 0], [[0, 1, 0], [1, 0, 0]]),
        ("binary_crossentropy", 1, None, [[0], [1]], [[0], [1]]),
        ("perceptron", 1, None, [[-1], [1]], [[0], [1]]),
        ("hinge", 1, None, [[-1], [-1]], [[0], [0]]),
        ("hinge", 1, None, [[1], [1]], [[1], [1]]),
    ],
)
def test_targets_become_what_the_loss_takes(
    aim: str, outputs: int, classes: tuple[str, ...] | None, y: Any, encoded: Any
) -> None:
    about = row_spec(np.array(y).shape[-1] if classes is None else 1, classes)
    assert mismatch(loss(aim), about, outputs) is None
    assert misfit(loss(aim), about, outputs, split(y)) is None
    found = encode(loss(aim), about, outputs, split(y))
    assert found.tolist() == encoded
    assert found.dtype == (np.int32 if loss(aim).targets == "labels" else np.float32)


@pytest.mark.parametrize(
    ("aim", "outputs", "target_count", "classes", "message"),
    [
        (
            "sparse_categorical_crossentropy",
            3,
            2,
            None,
            "sparse_categorical_crossentropy takes one class number a row, but the dataset gives 2 numbers",
        ),
        ("mse", 1, 2, None, "the last layer gives 1 number a row, but the dataset has 2 targets a row"),
        ("hinge", 3, 1, None, "the last layer gives 3 numbers a row, but the dataset has 1 target a row"),
        (
            "mse",
            3,
            1,
            THREE,
            "mean_squared_error compares numbers, but the targets are names ('ant', 'bee', 'cat'); "
            "use sparse_categorical_crossentropy",
        ),
        (
            "mae",
            1,
            1,
            ("a", "b", "c", "d"),
            "mean_absolute_error compares numbers, but the targets are names ('a', 'b', 'c', ...); "
            "use sparse_categorical_crossentropy",
        ),
        (
            "sparse_categorical_crossentropy",
            3,
            1,
            DIGITS,
            "the last layer has 3 outputs, but the dataset has 10 classes",
        ),
        (
            "sparse_categorical_crossentropy",
            1,
            1,
            ("no", "yes"),
            "the last layer has 1 output, but the dataset has 2 classes",
        ),
        (
            "binary_crossentropy",
            1,
            1,
            THREE,
            "the last layer has 1 output, but the dataset has 3 classes; "
            "use softmax with sparse_categorical_crossentropy",
        ),
        ("mse", 2, 1, DIGITS, "the last layer has 2 outputs, but the dataset has 10 classes"),
        (
            "binary_crossentropy",
            1,
            1,
            ("yes",),
            "all rows are of one class, 'yes', so there is nothing to tell apart",
        ),
    ],
)
def test_what_cannot_be_compared(
    aim: str, outputs: int, target_count: int, classes: tuple[str, ...] | None, message: str
) -> None:
    assert mismatch(loss(aim), row_spec(target_count, classes), outputs) == message


@pytest.mark.parametrize(
    ("aim", "outputs", "y", "message"),
    [
        (
            "sparse_categorical_crossentropy",
            10,
            [[0], [10]],
            "the last layer has 10 outputs, for the classes 0 to 9, but the targets hold 10",
        ),
        (
            "sparse_categorical_crossentropy",
            2,
            [[0.5], [1]],
            "the last layer has 2 outputs, for the classes 0 to 1, but the targets hold 0.5",
        ),
        (
            "sparse_categorical_crossentropy",
            2,
            [[1], [-1]],
            "the last layer has 2 outputs, for the classes 0 to 1, but the targets hold -1",
        ),
        (
            "categorical_crossentropy",
            2,
            [[1, 0], [1, 1]],
            "categorical_crossentropy takes rows of probabilities that add up to 1, as in [0, 1, 0]; "
            "where several can be right at once, use sigmoid with binary_crossentropy",
        ),
        (
            "categorical_crossentropy",
            2,
            [[2, -1]],
            "categorical_crossentropy takes rows of probabilities that add up to 1, as in [0, 1, 0]; "
            "where several can be right at once, use sigmoid with binary_crossentropy",
        ),
        ("binary_crossentropy", 1, [[0], [0.5]], "binary_crossentropy takes targets of 0 and 1, but they hold 0.5"),
        ("perceptron", 1, [[-1], [0], [1]], "perceptron takes targets of 0 and 1, but they hold -1"),
    ],
)
def test_values_that_a_loss_cannot_take(aim: str, outputs: int, y: Any, message: str) -> None:
    assert misfit(loss(aim), row_spec(len(y[0])), outputs, split(y)) == message


def test_any_numbers_will_do_for_a_loss_on_numbers() -> None:
    assert misfit(loss("mse"), row_spec(1), 1, split([[-1e30], [0.1]])) is None


def test_class_numbers_of_a_dataset_are_right_by_themselves() -> None:
    assert misfit(loss("sparse_categorical_crossentropy"), row_spec(1, THREE), 3, split([0, 2])) is None


@pytest.mark.parametrize(
    ("aim", "outputs", "classes", "names"),
    [
        ("sparse_categorical_crossentropy", 3, THREE, THREE),
        ("sparse_categorical_crossentropy", 3, None, ("0", "1", "2")),
        ("categorical_crossentropy", 2, None, ("0", "1")),
        ("binary_crossentropy", 1, ("no", "yes"), ("no", "yes")),
        ("binary_crossentropy", 1, None, ("0", "1")),
        ("binary_crossentropy", 2, None, None),
        ("mse", 1, ("0", "1"), ("0", "1")),
        ("mse", 10, DIGITS, DIGITS),
        ("mse", 1, DIGITS, None),
        ("mse", 1, None, None),
    ],
)
def test_what_a_network_tells_apart(
    aim: str, outputs: int, classes: tuple[str, ...] | None, names: tuple[str, ...] | None
) -> None:
    assert class_names(loss(aim), row_spec(1, classes), outputs) == names
