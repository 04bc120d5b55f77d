"""Outputs and targets of more than one axis: each position of a row is answered by itself."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from toy_training import loss as loss_of

from mltrain.backends.numpy.metric_accumulator import statistics
from mltrain.config.convert import convert
from mltrain.config.load import parse_config
from mltrain.data.base import InputSpec, RowSpec
from mltrain.data.preprocessing import AS_IS
from mltrain.engine.layers.base import Layer
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric
from mltrain.engine.network import Network
from mltrain.errors import ConfigError
from mltrain.inference.model import Model
from mltrain.job import prepare

CLASSES = """
dataset:
  type: inline
  x: [[0, 1, 2], [1, 2, 0], [2, 0, 1], [0, 0, 1]]
  y: [[1, 2, 0], [2, 0, 1], [0, 1, 2], [1, 1, 2]]
layers:
  - {type: embedding, input_dim: 3, output_dim: 3}
  - softmax
loss: sparse_categorical_crossentropy
optimizer: {type: adam, learning_rate: 0.3}
metrics: [accuracy]
training: {epochs: 40, class_weight: balanced}
"""
NUMBERS = """
dataset:
  type: inline
  x: [[0, 1], [1, 2], [2, 0], [0, 0]]
  y: [[[1, 2], [0, 1]], [[2, 0], [1, 1]], [[0, 1], [2, 3]], [[1, 1], [2, 2]]]
layers: [{type: dense, units: 4}, {type: reshape, target_shape: [2, 2]}]
loss: mse
metrics: [mae, r2]
training: {epochs: 3}
"""


def trained(text: str, folder: Any) -> tuple[Any, list[Any]]:
    job = prepare(parse_config(text, "x.yaml"), folder)
    return job, list(job.train())


def test_each_position_learns_its_class(tmp_path: Any) -> None:
    job, reports = trained(CLASSES, tmp_path)
    assert reports[-1].metrics["accuracy"] == 1
    model = job.model(reports)
    model.save(tmp_path / "model.npz")
    again = Model.load(tmp_path / "model.npz")
    assert again.row_spec == model.row_spec
    assert again.predict_labels([[0, 1, 2]]) == [["1", "2", "0"]]
    evaluation = again.evaluate(job.dataset.train)
    assert evaluation.metrics == {"accuracy": 1}
    assert evaluation.confusion is not None
    assert evaluation.confusion.sum() == 12


def test_each_position_learns_its_numbers(tmp_path: Any) -> None:
    job, reports = trained(NUMBERS, tmp_path)
    flat, flat_reports = trained(
        NUMBERS.replace("[[1, 2], [0, 1]]", "[1, 2, 0, 1]")
        .replace("[[2, 0], [1, 1]]", "[2, 0, 1, 1]")
        .replace("[[0, 1], [2, 3]]", "[0, 1, 2, 3]")
        .replace("[[1, 1], [2, 2]]", "[1, 1, 2, 2]")
        .replace(", {type: reshape, target_shape: [2, 2]}", ""),
        tmp_path,
    )
    assert [report.loss for report in reports] == [report.loss for report in flat_reports]
    assert job.network.parameters.tobytes() == flat.network.parameters.tobytes()
    model = job.model(reports)
    model.save(tmp_path / "model.npz")
    again = Model.load(tmp_path / "model.npz")
    assert again.row_spec.positions == (2,)
    assert again.predict([[0, 1]]).shape == (1, 2, 2)


@pytest.mark.parametrize("name", sorted(Loss.family.names()))
def test_a_loss_of_positions_is_that_of_as_many_rows(name: str) -> None:
    loss, rng = loss_of(name), np.random.default_rng(0)
    z = rng.normal(size=(5, 2, 3, 4))
    targets = {
        "labels": rng.integers(0, 4, (5, 2, 3)).astype(np.int32),
        "one_hot": np.eye(4)[rng.integers(0, 4, (5, 2, 3))],
        "binary": rng.integers(0, 2, z.shape).astype(np.float64),
        "numbers": rng.normal(size=z.shape),
    }
    target = targets[loss.targets]
    labels = loss.targets == "labels"
    y = z if loss.fused_activation is None else np.empty_like(z)
    dz, flat_dz = np.empty_like(z), np.empty((30, 4))
    flat_y = y.reshape(30, 4)
    flat_target = target.reshape(30) if labels else target.reshape(30, 4)
    expected = loss.mean(z.reshape(30, 4), flat_y.copy() if y is not z else z.reshape(30, 4), flat_target, flat_dz)
    assert loss.mean(z, y, target, dz) == pytest.approx(expected, rel=1e-14)
    np.testing.assert_allclose(dz.reshape(30, 4), flat_dz, rtol=1e-14)
    assert loss.mean(z, y, target, dz, None, 10) == pytest.approx(expected / 2, rel=1e-14)


@pytest.mark.parametrize("name", sorted(Metric.family.names()))
def test_a_metric_of_positions_is_that_of_as_many_rows(name: str) -> None:
    metric, rng = convert(Metric, name), np.random.default_rng(0)
    y = rng.normal(size=(5, 3, 4)).astype(np.float32)
    target: Any = rng.normal(size=y.shape).astype(np.float32)
    if metric.task == "classes":
        target = rng.integers(0, 4, (5, 3)).astype(np.int32)
    (found,) = statistics([metric], y, target, 0.5)
    (flat,) = statistics([metric], y.reshape(15, 4), target.reshape(15, *target.shape[2:]), 0.5)
    np.testing.assert_array_equal(found, flat)


@pytest.mark.parametrize(
    ("text", "end", "message"),
    [
        (NUMBERS, "[4, 1]", "layers[1]: the last layer gives 4 x 1 a row, but the targets ask for 2 x 2"),
        (NUMBERS, "[4]", "layers[1]: the last layer gives 4 a row, but the targets ask for 2 x 2"),
        (
            NUMBERS.replace("[[[1, 2], [0, 1]], [[2, 0], [1, 1]], [[0, 1], [2, 3]], [[1, 1], [2, 2]]]", "[1, 2, 3, 4]"),
            "[2, 2]",
            "layers[1]: the last layer gives 2 x 2 a row; put flatten before it, or end with a dense layer",
        ),
    ],
)
def test_positions_that_do_not_fit_are_told(text: str, end: str, message: str, tmp_path: Any) -> None:
    with pytest.raises(ConfigError) as caught:
        prepare(parse_config(text.replace("target_shape: [2, 2]", f"target_shape: {end}"), "x.yaml"), tmp_path)
    assert [str(problem) for problem in caught.value.problems] == [message]


def test_several_inputs_are_known_to_a_model_file(tmp_path: Any) -> None:
    dense = {"type": "dense", "units": 3, "inputs": ["b"]}
    end = {"type": "dense", "units": 4}, {"type": "reshape", "target_shape": [2, 2]}
    layers = [convert(Layer, one) for one in (dense, {"type": "concatenate", "inputs": ["dense", "a"]}, *end)]
    config = replace(parse_config(NUMBERS, "x.yaml"), layers=layers)
    spec = RowSpec((2,), 2, positions=(2,), named_inputs={"a": InputSpec((1,)), "b": InputSpec((1,))})
    network = Network(layers, spec.inputs)
    network.initialize(np.random.default_rng(0))
    model = Model(config, network, spec, AS_IS, [])
    model.save(tmp_path / "model.npz")
    again = Model.load(tmp_path / "model.npz")
    assert again.row_spec == spec
    np.testing.assert_array_equal(again.predict([[1, 2]]), model.predict([[1, 2]]))
    assert not np.array_equal(again.predict([[1, 2]]), model.predict([[2, 1]]))
