"""A model: what it says of inputs, and that it comes back from its file as it was."""

import dataclasses
import json
from typing import Any

import msgspec
import numpy as np
import pytest
from msgspec.structs import replace
from saved_models import CLASSIFIER, meta_of, model_of, rewrite_meta

from mltrain import __version__, load_model
from mltrain.config import Config
from mltrain.config.convert import convert
from mltrain.config.dump import to_builtins, to_yaml
from mltrain.config.load import parse_config
from mltrain.config.yaml_reader import read_yaml
from mltrain.data.base import DatasetSpec
from mltrain.data.points import Points
from mltrain.data.preprocessing import Preprocessing, Scaling
from mltrain.engine.activations.base import Activation
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.layers.base import Layer
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.regularizers.base import Regularizer
from mltrain.engine.schedules.base import Schedule
from mltrain.errors import DataError
from mltrain.inference.model import Model
from mltrain.inference.origin import Environment, Origin

LINE = "{dataset: {type: inline, x: [1, 2], y: [3, 4]}, layers: [{type: dense, units: 1}], loss: mse}"


def config_with(base: type, example: dict[str, Any]) -> dict[str, Any]:
    """A config in which a member of a family stands where it may."""
    config: dict[str, Any] = {
        "dataset": {"type": "inline", "x": [[1, 2, 3, 4, 5, 6], [6, 5, 4, 3, 2, 1]], "y": [0, 1]},
        "layers": [{"type": "dense", "units": 1}],
        "loss": "mse",
    }
    if base is Layer:
        layer = convert(Layer, example)
        shapes = layer.example_inputs[: len(layer.inputs or ())] or (layer.example_input,)
        config["dataset"]["x"] = np.ones((2, *shapes[0])).tolist()
        before = [
            part
            for name, shape in zip(layer.inputs or (), shapes, strict=False)
            for part in (
                {"type": "flatten", "inputs": ["input"]},
                {"type": "dense", "units": int(np.prod(shape))},
                {"type": "reshape", "target_shape": list(shape), "name": name},
            )
        ]
        after = ["flatten"] if len(layer.merged_shape(shapes)) > 1 else []
        config["layers"] = [*before, example, *after, {"type": "dense", "units": 1}]
    elif base is Activation:
        config["layers"].insert(0, {"type": "dense", "units": 2, "activation": example})
    elif base is Initializer:
        config["layers"].insert(0, {"type": "dense", "units": 4, "kernel_initializer": example})
    elif base is Regularizer:
        config["layers"].insert(0, {"type": "dense", "units": 4, "kernel_regularizer": example})
    elif base is Optimizer:
        config["optimizer"] = example
    elif base is Schedule:
        config["optimizer"] = {"type": "sgd", "learning_rate": example}
        config["dataset"]["validation_split"] = 0.5  # of which some ask how training does on them
    elif base is Loss:
        loss = convert(Loss, example)
        names = loss.targets in ("labels", "one_hot")
        config["layers"] = [
            {"type": "dense", "units": 2 if names else 1, "activation": loss.fused_activation or "linear"}
        ]
        config["dataset"]["y"] = ["a", "b"] if names else [0, 1]
        config["loss"] = example
    elif base is Metric:
        config["metrics"] = [example]
        if convert(Metric, example).task == "classes":
            config |= {"loss": "hinge"}
    return config


BASES = (Layer, Activation, Initializer, Regularizer, Optimizer, Schedule, Loss, Metric)
CASES = {
    f"{base.family.noun}-{spec.type_name()}-{index}": config_with(base, {"type": spec.type_name(), **example})
    for base in BASES
    for spec in base.family
    for index, example in enumerate(spec.examples)
}


def test_all_families_are_walked() -> None:
    assert len(CASES) > 60
    assert {name.partition("-")[0] for name in CASES} == {base.family.noun for base in BASES}


def _has_right_shape(config: dict[str, Any]) -> dict[str, Any]:
    """The example of `constant` may be an array, which fits no other kernel than its own."""
    (first, *_) = config["layers"]
    initializer = first.get("kernel_initializer") if isinstance(first, dict) else None
    if isinstance(initializer, dict) and isinstance(value := initializer.get("value"), list):
        first["units"] = np.array(value).shape[-1]
        config["dataset"]["x"] = np.ones((2, np.array(value).shape[0])).tolist()
    return config


def test_a_row_of_one_number_is_told_as_such() -> None:
    with pytest.raises(
        DataError, match=r"^x has shape \(1, 3\), but the model takes \(rows, 1\): each row is 1 number$"
    ):
        model_of(LINE).predict([[1, 2, 3]])


@pytest.mark.parametrize("name", CASES)
def test_every_spec_comes_back_from_yaml_and_from_the_model_file(name: str, tmp_path: Any) -> None:
    config = convert(Config, _has_right_shape(CASES[name]))
    assert parse_config(to_yaml(config), "x.yaml") == replace(config, name="x")
    assert convert(Config, to_builtins(config)) == config

    model = model_of(to_yaml(config))
    model.save(tmp_path / "model.npz")
    again = Model.load(tmp_path / "model.npz")
    assert again.config == model.config
    assert again.row_spec == model.row_spec
    assert again.network.parameters.tobytes() == model.network.parameters.tobytes()
    x = np.random.default_rng(0).normal(size=(3, *model.row_spec.input_shape))
    if any(node.layer.takes_integers for node in model.network.nodes):
        x = np.abs(x).round()
    assert again.predict(x).tobytes() == model.predict(x).tobytes()


DATASETS = {
    f"{spec.type_name()}-{index}": {"type": spec.type_name(), **example}
    for spec in DatasetSpec.family
    for index, example in enumerate(spec.examples)
} | {
    f"{spec.type_name()}-{index}": {
        "type": "linear",
        "slope": 1,
        "intercept": 0,
        "samples": 3,
        "x": {"type": spec.type_name(), **example},
    }
    for spec in Points.family
    for index, example in enumerate(spec.examples)
}


@pytest.mark.parametrize("name", DATASETS)
def test_every_dataset_comes_back_from_yaml_and_from_json(name: str) -> None:
    config = convert(Config, {"dataset": DATASETS[name], "layers": ["flatten"], "loss": "mse"})
    assert convert(Config, read_yaml(to_yaml(config)).data) == config
    assert convert(Config, json.loads(json.dumps(to_builtins(config)))) == config


def test_the_same_model_gives_the_same_bytes(tmp_path: Any) -> None:
    for name in ("one.npz", "other.npz"):
        model_of(CLASSIFIER).save(tmp_path / name)
    assert (tmp_path / "one.npz").read_bytes() == (tmp_path / "other.npz").read_bytes()


def test_the_file_says_what_is_needed_to_predict(tmp_path: Any) -> None:
    model = model_of(CLASSIFIER)
    model.save(tmp_path / "model.npz")
    meta = meta_of(tmp_path / "model.npz")
    assert convert(Config, meta.pop("config")) == model.config
    assert meta == {
        "format": 1,
        "mltrain": __version__,
        "input_shape": [2],
        "outputs": 1,
        "classes": ["iris", "rose"],
        "inputs": {"scale": 1.0, "shift": 0.0},
        "targets": {"scale": 1.0, "shift": 0.0},
        "table": None,
        "origin": msgspec.to_builtins(model.origin),
    }
    assert model.origin is not None
    with np.load(tmp_path / "model.npz", allow_pickle=False) as file:
        shapes = {name: file[name].shape for name in file.files}
        assert np.array_equal(file["dense.kernel"], model.network.arrays["dense.kernel"])
    assert shapes == {
        "meta": (),
        "dense.kernel": (2, 3),
        "dense.bias": (3,),
        "dense_1.kernel": (3, 2),
        "dense_1.bias": (2,),
    }


def test_a_model_keeps_the_environment_of_its_training(tmp_path: Any) -> None:
    elsewhere = Environment("0.0.7", "3.99.1", "2.99.3", "Plan9 mips", 96)
    origin = Origin(data="0" * 64, rows={"train": 3}, environment=elsewhere)
    model = dataclasses.replace(model_of(CLASSIFIER), origin=origin)
    for _ in range(2):  # what is loaded and saved again was trained where it was
        model.save(tmp_path / "model.npz")
        model = load_model(tmp_path / "model.npz")
    assert model.origin == origin


def test_models_of_before_the_origin_was_kept_can_be_read(tmp_path: Any) -> None:
    model_of(CLASSIFIER).save(tmp_path / "model.npz")
    rewrite_meta(tmp_path / "model.npz", lambda meta: meta.pop("origin"))
    assert load_model(tmp_path / "model.npz").origin is None


def test_a_model_names_classes() -> None:
    model = model_of(CLASSIFIER)
    outputs = model.predict([[0, 1], [1, 0]])
    assert outputs.shape == (2, 2)
    assert model.classes == ("iris", "rose")
    assert model.predict_labels([[0, 1], [1, 0]]) == [model.classes[int(row.argmax())] for row in outputs]


def test_a_model_of_numbers_has_no_classes() -> None:
    model = model_of(LINE)
    assert model.classes is None
    with pytest.raises(DataError, match=r"^this model gives numbers, so there are no classes to name$"):
        model.predict_labels([[1]])


@pytest.mark.parametrize(
    ("loss", "activation", "gives"),
    [
        ("binary_crossentropy", "sigmoid", True),
        ("mse", "sigmoid", False),
        ("perceptron", "step", False),
        ("hinge", "linear", False),
    ],
)
def test_outputs_are_probabilities_where_they_were_trained_as_such(loss: str, activation: str, gives: bool) -> None:
    text = "{dataset: {type: inline, x: [1, 2], y: [0, 1]}, layers: [{type: dense, units: 1, activation: "
    model = model_of(f"{text}{activation}}}], loss: {loss}}}")
    assert model.gives_probabilities is gives
    if not gives:
        with pytest.raises(DataError, match="gives no probabilities"):
            model.probabilities(np.zeros((1, 2), np.float32))


@pytest.mark.parametrize(
    ("x", "message"),
    [
        ([[1, 2, 3]], "x has shape (1, 3), but the model takes (rows, 2): each row is 2 numbers"),
        ([1, 2], "x has shape (2,), but the model takes (rows, 2): each row is 2 numbers"),
        ([[1, 2], [3]], "x must hold numbers, in rows of equal length"),
        ([["a", "b"]], "x must hold numbers, in rows of equal length"),
        ([[1, None]], "x holds numbers that are infinite or not a number"),
        ([[1, float("inf")]], "x holds numbers that are infinite or not a number"),
    ],
)
def test_inputs_that_cannot_be_used(x: Any, message: str) -> None:
    with pytest.raises(DataError) as caught:
        model_of(CLASSIFIER).predict(x)
    assert str(caught.value) == message


def test_inputs_may_be_bytes_that_the_model_scales(tmp_path: Any) -> None:
    model = model_of(CLASSIFIER)
    scaled = dataclasses.replace(model, preprocessing=Preprocessing(inputs=Scaling(scale=0.5)))
    scaled.save(tmp_path / "model.npz")
    again = load_model(tmp_path / "model.npz")
    x = np.array([[2, 4]], np.uint8)
    np.testing.assert_array_equal(again.predict(x), model.predict(x.astype(np.float32) / 2))
    np.testing.assert_array_equal(again.predict(x.astype(np.float64)), again.predict(x))
