"""Every pair of a last layer and a question that do not fit: an error where it cannot work, else a warning."""

from typing import Any

import numpy as np
import pytest
from toy_training import dense, layers, loss, network, row_spec

from mltrain.checks.errors import find_data_problems, find_problems
from mltrain.checks.output_layer import output_warnings
from mltrain.data.base import Dataset, RowSpec, Split
from mltrain.data.preprocessing import Preprocessing, Scaling
from mltrain.engine.graph import infer
from mltrain.training.options import Training
from mltrain.training.targets import encode

THREE, TWO, DIGITS = row_spec(classes="abc"), row_spec(classes=("no", "yes")), row_spec(classes="0123")
NUMBER, NUMBERS = row_spec(), row_spec(3)
SPARSE, CATEGORICAL, BINARY = "sparse_categorical_crossentropy", "categorical_crossentropy", "binary_crossentropy"


@pytest.mark.parametrize(
    ("last", "aim", "about", "lines"),
    [
        (
            dense(3, "softmax"),
            BINARY,
            THREE,
            [f"needs the outputs of sigmoid, but the last layer's activation is softmax; for one of several classes "
             f"write 'loss: {SPARSE}'"],
        ),
        (
            dense(3, "softmax"),
            BINARY,
            NUMBERS,
            [f"activation is softmax; for one of several classes write 'loss: {CATEGORICAL}'"],
        ),
        (
            dense(1, "sigmoid"),
            SPARSE,
            TWO,
            ["for yes or no write 'activation: sigmoid' and 'loss: binary_crossentropy'", "has 1 output, but the"],
        ),
        (dense(1), SPARSE, NUMBER, ["for yes or no write 'activation: sigmoid' and 'loss: binary_crossentropy'"]),
        (dense(3, "sigmoid"), SPARSE, THREE, ["write 'activation: softmax' in the last layer"]),
        (dense(3, "tanh"), CATEGORICAL, THREE, ["write 'activation: softmax' in the last layer"]),
        (dense(1, "tanh"), BINARY, TWO, ["write 'activation: sigmoid' in the last layer"]),
        (dense(1), BINARY, TWO, ["write 'activation: sigmoid' in the last layer"]),
        (dense(1, "sigmoid"), "perceptron", TWO, ["write 'activation: step' in the last layer"]),
        (
            dense(1, "softmax"),
            SPARSE,
            THREE,
            ["softmax over a single output is always 1; write 'units: 3'", "has 1 output, but the dataset has 3"],
        ),
        (dense(1, "softmax"), "mse", NUMBER, ["always 1; use sigmoid for yes or no"]),
        (
            dense(1, "sigmoid"),
            BINARY,
            THREE,
            ["has 1 output, but the dataset has 3 classes; use softmax with sparse_categorical_crossentropy"],
        ),
        (dense(1), "mse", TWO, ["the targets are names ('no', 'yes'); use binary_crossentropy"]),
        (dense(3), "mse", THREE, ["the targets are names ('a', 'b', 'c'); use sparse_categorical_crossentropy"]),
        (dense(1, "sigmoid"), "hinge", TWO, ["needs outputs on both sides of 0, but sigmoid gives numbers from 0"]),
        (dense(1, "relu"), "hinge", TWO, ["but relu gives numbers of at least 0; use linear or tanh"]),
        (dense(3, "softmax"), "hinge", THREE, ["but softmax gives numbers from 0 to 1; use linear or tanh"]),
        (dense(1, "step"), "hinge", NUMBER, ["but step gives numbers from 0 to 1; use linear or tanh"]),
    ],
)  # fmt: skip
def test_what_cannot_work(last: Any, aim: str, about: RowSpec, lines: list[str]) -> None:
    found = [str(problem) for problem in find_problems(layers(last), loss(aim), [], Training(), about)]
    assert len(found) == len(lines)
    for problem, line in zip(found, lines, strict=True):
        assert line in problem


def dataset_of(about: RowSpec, *parts: Any, preprocessing: Preprocessing | None = None) -> Dataset:
    """Rows of which only the targets matter, to train on and to validate with."""
    kind = np.int32 if about.classes is not None else np.float32
    splits = [Split(np.zeros((len(y), 1), np.float32), np.array(y, kind)) for y in parts]
    return Dataset(about, *splits, preprocessing=preprocessing or Preprocessing())


@pytest.mark.parametrize(
    ("last", "parts", "line"),
    [
        (dense(1, "tanh"), [[[0], [1]], [[0], [7]]], "tanh gives numbers from -1 to 1, but the targets for validation "
         "reach from 0 to 7"),
        (dense(1, "relu"), [[[-3], [1]]], "relu gives numbers of at least 0, but the targets reach from -3 to 1"),
        (dense(1, "softplus"), [[[-3], [1]]], "softplus gives numbers of at least 0, but the targets reach from -3"),
        (dense(1, "sigmoid"), [[[0], [40]]], "sigmoid gives numbers from 0 to 1, but the targets reach from 0 to 40"),
        (dense(2, "softmax"), [[[0.5, 0.1], [0.9, 1]]], "the outputs of softmax add up to 1, but those of the targets "
         "add up to numbers from 0.6 to 1.9; use linear"),
        (dense(2, "softmax"), [[[0.5, 0.5]], [[0.5, 0.6]]], "those of the targets for validation add up to numbers"),
    ],
)  # fmt: skip
def test_numbers_that_cannot_be_reached(last: Any, parts: list[Any], line: str) -> None:
    about = row_spec(len(parts[0][0]))
    (problem,) = find_data_problems(infer(layers(last), (1,)), loss("mse"), dataset_of(about, *parts))
    assert line in str(problem)


@pytest.mark.parametrize("activation", ["relu", "sigmoid", "softplus"])
def test_standardized_targets_need_outputs_below_zero(activation: str) -> None:
    dataset = dataset_of(NUMBER, [[10], [20]], preprocessing=Preprocessing(targets=Scaling(shift=15, scale=0.2)))
    (problem,) = find_data_problems(infer(layers(dense(1, activation)), (1,)), loss("mse"), dataset)
    assert "from -1 to 1 as standardize_target scales them; set dataset.standardize_target to false" in str(problem)
    assert find_data_problems(infer(layers(dense(1, "tanh")), (1,)), loss("mse"), dataset) == []


EYE = [[1, 0, 0], [0, 1, 0], [0, 0, 1]]


@pytest.mark.parametrize(
    ("last", "aim", "about", "y", "line"),
    [
        (dense(3, "sigmoid"), BINARY, THREE, [0, 1, 2], f"is of exactly one class; use softmax with {SPARSE}"),
        (dense(3, "sigmoid"), BINARY, NUMBERS, EYE, f"of exactly one class; use softmax with {CATEGORICAL}"),
        (dense(3, "step"), "perceptron", THREE, [0, 1, 2], "each of the 3 outputs of step is an answer of its own"),
        (dense(3, "sigmoid"), "mse", NUMBERS, EYE, "each of the 3 outputs of sigmoid is an answer of its own"),
        (dense(3, "softmax"), "mse", NUMBERS, EYE, f"softmax with mean_squared_error learns slowly, and hardly at all "
         f"from confident mistakes; use {CATEGORICAL}"),
        (dense(4, "softmax"), "mse", DIGITS, [0, 1, 2, 3], f"from confident mistakes; use {SPARSE}"),
        (dense(1, "sigmoid"), "mse", NUMBER, [[0], [1]], "sigmoid with mean_squared_error learns slowly, and hardly at "
         "all from confident mistakes; use binary_crossentropy"),
        (dense(1, "relu"), "mae", NUMBER, [[0], [9]], "relu as the last activation has slope 0 where it gives 0"),
        (dense(1, "gelu"), "hinge", TWO, [0, 1], "hinge asks for outputs of -1 and 1, but gelu gives at least -0.17"),
        (dense(1), "mse", DIGITS, [0, 1, 2, 3], "the class numbers 0 to 3 are learned as amounts, as if neighbours "
         f"were alike; for classes use 4 units with softmax and {SPARSE}"),
    ],
)  # fmt: skip
def test_what_works_badly(last: Any, aim: str, about: RowSpec, y: Any, line: str) -> None:
    assert find_problems(layers(last), loss(aim), [], Training(), about) == []
    (found,) = warnings_of([last], aim, about, y)
    assert line in found


def warnings_of(configs: list[Any], aim: str, about: RowSpec, y: Any) -> list[str]:
    net = network(1, *configs)
    target = encode(loss(aim), about, net.output_shape[0], dataset_of(about, y).train)
    return output_warnings(net.nodes, loss(aim), about, target)


def test_an_activation_that_is_there_twice() -> None:
    (found,) = warnings_of([dense(3, "softmax"), "softmax"], SPARSE, THREE, [0, 1, 2])
    assert found == "the outputs of softmax go through softmax once more, which makes them alike; keep one"


@pytest.mark.parametrize(
    ("last", "aim", "about", "y"),
    [
        (dense(3, "softmax"), SPARSE, THREE, [0, 1, 2]),
        (dense(3, "softmax"), CATEGORICAL, NUMBERS, EYE),
        (dense(3, "sigmoid"), BINARY, NUMBERS, [[1, 1, 0], [0, 0, 0]]),
        (dense(1, "sigmoid"), BINARY, TWO, [0, 1]),
        (dense(1, "sigmoid"), "mse", NUMBER, [[0.2], [0.7]]),
        (dense(1, "tanh"), "hinge", TWO, [0, 1]),
        (dense(3), "hinge", THREE, [0, 1, 2]),
        (dense(1, "elu"), "hinge", TWO, [0, 1]),
        (dense(1, "step"), "perceptron", TWO, [0, 1]),
        (dense(1, "softplus"), "mse", NUMBER, [[0], [9]]),
        (dense(3), "huber", NUMBERS, [[-1, 0, 1e6]]),
        (dense(4), "mse", DIGITS, [0, 1, 2, 3]),
    ],
)
def test_what_fits(last: Any, aim: str, about: RowSpec, y: Any) -> None:
    assert find_problems(layers(last), loss(aim), [], Training(), about) == []
    assert find_data_problems(infer(layers(last), (1,)), loss(aim), dataset_of(about, y)) == []
    assert warnings_of([last], aim, about, y) == []
