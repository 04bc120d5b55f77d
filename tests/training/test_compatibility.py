"""Do a config's numbers fit together? Every message, and where it points."""

from typing import Any

import numpy as np
import pytest
from toy_training import dense, layers, loss, metrics, row_spec

from mltrain.checks.errors import find_data_problems, find_problems
from mltrain.config.convert import convert
from mltrain.data.base import Dataset, RowSpec, Split
from mltrain.engine.graph import infer
from mltrain.errors import dotted
from mltrain.training.options import Training

CLASSES = ("a", "b", "c")


def problems(
    *layer_configs: Any, aim: Any = "mse", measure: tuple[Any, ...] = (), track: Any = (), about: RowSpec | None = None
) -> list[str]:
    training = convert(Training, {"track": track or []})
    return list(
        map(str, find_problems(layers(*layer_configs), loss(aim), metrics(*measure), training, about or row_spec()))
    )


@pytest.mark.parametrize(
    ("layer_configs", "aim", "about", "lines"),
    [
        (
            [dense(1)],
            "mse",
            row_spec(input_shape=(28, 28)),
            ["layers[0]: dense takes rows of numbers, but its input is 28 x 28; put flatten before it"],
        ),
        (
            ["relu"],
            "mse",
            row_spec(input_shape=(28, 28)),
            ["layers[0]: the last layer gives 28 x 28 a row; put flatten before it, or end with a dense layer"],
        ),
        (
            [dense(1), {"type": "dropout", "rate": 0.5}],
            "mse",
            row_spec(),
            ["layers[1]: dropout cannot be the last layer: it would drop what the network predicts"],
        ),
        (
            [dense(3)],
            "sparse_categorical_crossentropy",
            row_spec(classes=CLASSES),
            [
                "loss: sparse_categorical_crossentropy needs the outputs of softmax, but the last layer's activation "
                "is linear; write 'activation: softmax' in the last layer"
            ],
        ),
        (
            [dense(1), "relu"],
            "binary_crossentropy",
            row_spec(),
            [
                "loss: binary_crossentropy needs the outputs of sigmoid, but the last layer's activation is relu; "
                "write 'activation: sigmoid' in the last layer"
            ],
        ),
        (
            [dense(1, "softmax")],
            "mse",
            row_spec(),
            ["layers[0].activation: softmax over a single output is always 1; use sigmoid for yes or no"],
        ),
        (
            [dense(1), "softmax"],
            "mse",
            row_spec(),
            ["layers[1]: softmax over a single output is always 1; use sigmoid for yes or no"],
        ),
        (
            [dense(3)],
            "mse",
            row_spec(classes=CLASSES),
            [
                "loss: mean_squared_error compares numbers, but the targets are names ('a', 'b', 'c'); "
                "use sparse_categorical_crossentropy"
            ],
        ),
        (
            [dense(4, "relu"), dense(2, "softmax")],
            "sparse_categorical_crossentropy",
            row_spec(classes=CLASSES),
            ["layers[1].units: the last layer has 2 outputs, but the dataset has 3 classes"],
        ),
        (
            [dense(2)],
            "mse",
            row_spec(),
            ["layers[0].units: the last layer gives 2 numbers a row, but the dataset has 1 target a row"],
        ),
        (
            [dense(2)],
            "binary_crossentropy",
            row_spec(),
            [
                "loss: binary_crossentropy needs the outputs of sigmoid, but the last layer's activation is linear; "
                "write 'activation: sigmoid' in the last layer",
                "layers[0].units: the last layer gives 2 numbers a row, but the dataset has 1 target a row",
            ],
        ),
    ],
)
def test_outputs_that_do_not_fit(layer_configs: list[Any], aim: str, about: RowSpec, lines: list[str]) -> None:
    assert problems(*layer_configs, aim=aim, about=about) == lines


@pytest.mark.parametrize(
    ("layer_configs", "aim", "about"),
    [
        ([dense(1)], "mse", row_spec()),
        (["flatten", dense(3, "softmax")], "sparse_categorical_crossentropy", row_spec(1, CLASSES, (4, 4))),
        ([dense(3), "softmax"], "categorical_crossentropy", row_spec(classes=CLASSES)),
        ([dense(1, "sigmoid")], "binary_crossentropy", row_spec(classes=("no", "yes"))),
        ([dense(1, "step")], "perceptron", row_spec()),
        ([dense(1, "tanh")], "hinge", row_spec(classes=("no", "yes"))),
    ],
)
def test_outputs_that_fit(layer_configs: list[Any], aim: str, about: RowSpec) -> None:
    assert problems(*layer_configs, aim=aim, about=about) == []


def test_metrics_that_do_not_fit_the_loss() -> None:
    assert problems(dense(1), measure=("mae", "accuracy", "f1")) == [
        "metrics[1]: accuracy judges classes, but mean_squared_error here learns numbers; "
        "use mean_absolute_error or r2",
        "metrics[2]: f1 judges classes, but mean_squared_error here learns numbers; use mean_absolute_error or r2",
    ]
    softmax = dense(3, "softmax")
    aim, about = "sparse_categorical_crossentropy", row_spec(classes=CLASSES)
    assert problems(softmax, aim=aim, about=about, measure=("accuracy", "mse")) == [
        "metrics[1]: mean_squared_error judges numbers, but sparse_categorical_crossentropy learns classes; "
        "use accuracy"
    ]
    assert problems(softmax, aim=aim, about=about, measure=("precision", "top_k_accuracy")) == []


def test_a_metric_that_is_there_twice() -> None:
    twice = ("mae", {"type": "mean_absolute_error"}, "mse")
    assert problems(dense(1), measure=twice) == [
        "metrics[1]: mean_absolute_error is in the list already; results go by name, so it can be there once"
    ]


@pytest.mark.parametrize("label", ["loss", "epoch", "seconds", "mean_absolute_error", "val_loss"])
def test_labels_that_mean_something_else(label: str) -> None:
    assert problems(dense(1), measure=("mae",), track={label: "dense.bias"}) == [
        f"training.track.{label}: each epoch records another number as '{label}'; choose another label"
    ]


def test_parameters_that_cannot_be_tracked() -> None:
    big = dense(17, name="big")
    assert problems(big, dense(1), track=["dense.kernel", "dense.weights"]) == [
        "training.track[0]: 'dense.kernel' holds 17 numbers; parameters of up to 16 numbers can be tracked",
        "training.track[1]: there is no parameter 'dense.weights'; there are "
        "big.kernel, big.bias, dense.kernel, dense.bias",
    ]
    assert problems("relu", track={"W": "dense.kernel"}) == [
        "training.track.W: there is no parameter 'dense.kernel'; there are none"
    ]
    assert problems(dense(16), dense(1), track={"b": "dense.bias", "c": "dense_1.bias"}) == []


def data_problems(aim: str, last: dict[str, Any], *splits: Any, classes: tuple[str, ...] | None = None) -> list[str]:
    """Problems of a dataset with these targets for training, validation and test."""
    parts = [
        None if y is None else Split(np.zeros((len(y), 1), np.float32), np.array(y, np.float32)[:, None])
        for y in [*splits, None, None][:3]
    ]
    if classes is not None:
        parts = [part and Split(part.x, part.y[:, 0].astype(np.int32)) for part in parts]
    dataset = Dataset(row_spec(classes=classes), *parts)
    found = find_data_problems(infer(layers(last), dataset.row_spec.input_shape), loss(aim), dataset)
    return [f"{dotted(problem.path)}: {problem.message}" for problem in found]


@pytest.mark.parametrize(
    ("activation", "targets", "line"),
    [
        ("sigmoid", [0, 1.5], "sigmoid gives numbers from 0 to 1, but the targets reach from 0 to 1.5"),
        ("tanh", [-2, 1], "tanh gives numbers from -1 to 1, but the targets reach from -2 to 1"),
        ("relu", [-1, 5], "relu gives numbers of at least 0, but the targets reach from -1 to 5"),
    ],
)
def test_targets_that_the_last_layer_cannot_produce(activation: str, targets: list[float], line: str) -> None:
    assert data_problems("mse", dense(1, activation), targets) == [f"layers[0].activation: {line}"]


def test_targets_that_the_last_layer_can_produce() -> None:
    assert data_problems("mse", dense(1, "sigmoid"), [0, 1]) == []
    assert data_problems("mse", dense(1), [-1e30, 1e30]) == []
    assert data_problems("mse", dense(1, "relu"), [7, 2], classes=tuple("0123456789")) == []


@pytest.mark.parametrize("part", [0, 1, 2])
def test_targets_are_looked_at_in_every_part(part: int) -> None:
    parts = [[0, 1], [0, 1], [0, 1]]
    parts[part] = [0, 2]
    assert data_problems("sparse_categorical_crossentropy", dense(2, "softmax"), *parts) == [
        "loss: the last layer has 2 outputs, for the classes 0 to 1, but the targets hold 2"
    ]
