"""From a config to a network that can be trained."""

from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace

import mltrain
from mltrain.checks import errors
from mltrain.config import Config
from mltrain.config.load import parse_config, read_config
from mltrain.data.base import Dataset, RowSpec, Split
from mltrain.data.datasets._curve import Curve
from mltrain.data.datasets.linear import Linear
from mltrain.engine import network
from mltrain.errors import ConfigError, DataError, UsageError, for_commands
from mltrain.job import prepare, split_to_evaluate
from mltrain.training.transfer import LayerTransfer

LINE = """
seed: 1
dataset: {type: linear, slope: 3, intercept: 1, x: [-1, 0, 1, 2, 3, 4], validation_split: 0.3}
layers:
  - {type: dense, units: 2, name: hidden}
  - {type: dense, units: 1}
loss: mse
training: {epochs: 2}
"""


def config(*overrides: str, text: str = LINE) -> Config:
    return parse_config(text, "line.yaml", overrides)


def weights(**changes: int) -> np.ndarray:
    return prepare(config(*(f"{name}={value}" for name, value in changes.items())), Path()).network.parameters


def test_the_seed_decides_the_first_weights() -> None:
    assert np.array_equal(weights(seed=1), weights(seed=1))
    assert not np.array_equal(weights(seed=1), weights(seed=2))


def test_first_weights_do_not_depend_on_what_else_is_random() -> None:
    plain = prepare(config(), Path()).network.parameters
    for change in ("training.shuffle=false", "dataset.validation_split=0", "dataset.x={type: normal}"):
        changes = [change] if "normal" not in change else [change, "dataset.samples=9"]
        assert np.array_equal(prepare(config(*changes), Path()).network.parameters, plain)


def test_problems_that_only_the_rows_show_are_told_with_their_place_in_the_config() -> None:
    text = "{dataset: {type: inline, x: [1, 2], y: [0, 3]}, layers: [{type: dense, units: 2, activation: softmax}], "
    wrong = config(text=f"{text}loss: sparse_categorical_crossentropy}}")
    with pytest.raises(ConfigError) as caught:
        prepare(wrong, Path())
    assert str(caught.value) == ("loss: the last layer has 2 outputs, for the classes 0 to 1, but the targets hold 3")


def test_problems_of_a_config_that_was_made_by_hand_are_found() -> None:
    made = replace(config(), layers=config().layers[:1])
    with pytest.raises(ConfigError) as caught:
        prepare(made, Path())
    assert str(caught.value) == (
        "layers[0].units: the last layer gives 2 numbers a row, but the dataset has 1 target a row"
    )


def test_parameters_are_taken_over_by_name_and_shape() -> None:
    trained, job = mltrain.fit(config()), prepare(config("layers.1.name=last", "seed=9"), Path())
    before = {name: array.copy() for name, array in job.network.arrays.items()}
    assert job.start_from(trained) == [
        LayerTransfer("hidden", True),
        LayerTransfer("last", False, "new: the model has no such layer"),
        LayerTransfer("dense", False, "only in the model"),
    ]
    assert np.array_equal(job.network.arrays["hidden.kernel"], trained.network.arrays["hidden.kernel"])
    assert np.array_equal(job.network.arrays["last.kernel"], before["last.kernel"])
    whole = prepare(config(), Path())
    assert whole.start_from(trained) == [LayerTransfer("hidden", True), LayerTransfer("dense", True)]
    assert np.array_equal(whole.network.parameters, trained.network.parameters)


def test_a_layer_is_taken_over_whole_or_not_at_all() -> None:
    job = prepare(config("layers.1.use_bias=false"), Path())
    before = job.network.arrays["dense.kernel"].copy()
    assert job.start_from(mltrain.fit(config())) == [
        LayerTransfer("hidden", True),
        LayerTransfer("dense", False, "left out: bias is missing here and 1 there"),
    ]
    assert np.array_equal(job.network.arrays["dense.kernel"], before)


def test_a_model_that_has_nothing_in_common() -> None:
    text = "{dataset: {type: inline, x: [1], y: [1]}, layers: [{type: dense, units: 1, name: other}], loss: mse}"
    job = prepare(config(text=text), Path())
    with pytest.raises(DataError) as caught:
        job.start_from(mltrain.fit(config()))
    assert str(caught.value) == (
        "no layer of the model fits this network "
        "(other: new: the model has no such layer; hidden: only in the model; dense: only in the model)"
    )


def test_frozen_layers_need_weights_that_were_trained() -> None:
    job = prepare(config("layers.0.trainable=false"), Path())
    (warning,) = job.warnings()
    assert warning == "layer hidden is frozen at random first weights; give those of a trained model with init_from"
    assert for_commands(warning) == warning.replace("init_from", "--init-from")
    assert job.warnings(job.start_from(mltrain.fit(config()))) == []
    for calm in ("training.epochs=0", "layers.0.kernel_initializer=ones"):
        assert prepare(config("layers.0.trainable=false", calm), Path()).warnings() == []
    (warning,) = prepare(config("layers.0.trainable=false", "layers.1.trainable=false"), Path()).warnings()
    assert warning == "all layers are frozen by 'trainable: false', so nothing can learn"


def test_a_job_is_trained_once_and_fresh_gives_it_again() -> None:
    stopping = "training={epochs: 6, early_stopping: {patience: 9}}"
    job = prepare(config(stopping), Path())
    first = job.network.parameters.copy()
    reports = list(job.train())
    with pytest.raises(UsageError, match=r"^this job was trained already; job\.fresh\(\) is the same job with fresh"):
        job.train()
    again, other = job.fresh(), job.fresh(seed=9)
    assert again.dataset is job.dataset
    assert again.config == job.config
    assert again.monitor is not job.monitor
    assert again.origin is job.origin or again.origin == job.origin
    assert np.array_equal(again.network.parameters, first)
    assert [report.loss for report in again.train()] == [report.loss for report in reports]
    assert np.array_equal(again.network.parameters, job.network.parameters)
    assert np.array_equal(other.network.parameters, weights(seed=9))
    assert (other.config.seed, other.config.dataset.split_seed) == (9, 1)
    assert other.fresh(seed=4).config.dataset.split_seed == 1
    assert len(list(other.train())) == 6
    assert np.array_equal(mltrain.fit(other.config).network.parameters, other.network.parameters)


def test_shapes_are_inferred_once_and_rows_made_once(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    (tmp_path / "line.yaml").write_text(LINE)
    calls: list[str] = []
    for module in (errors, network):
        infer = module.infer
        monkeypatch.setattr(module, "infer", lambda *args, infer=infer: calls.append("infer") or infer(*args))
    monkeypatch.setattr(Linear, "read", lambda spec, *args: calls.append("read") or Curve.read(spec, *args))
    source = read_config(tmp_path / "line.yaml")
    job = prepare(source.config, source.folder, source.data, source.nodes)
    job.warnings()
    job.fresh().warnings()
    assert calls == ["infer", "read"]
    calls.clear()
    mltrain.fit(tmp_path / "line.yaml")
    assert calls == ["infer", "read"]


@pytest.mark.parametrize(
    ("validation", "test", "name"),
    [(False, False, "train"), (True, False, "validation"), (False, True, "test"), (True, True, "test")],
)
def test_a_model_is_measured_on_what_was_held_back(validation: bool, test: bool, name: str) -> None:
    parts = {part: Split(np.zeros(1), np.zeros(1)) for part in ("train", "validation", "test")}
    dataset = Dataset(
        RowSpec((1,)),
        parts["train"],
        parts["validation"] if validation else None,
        parts["test"] if test else None,
    )
    found, rows = split_to_evaluate(dataset)
    assert found == name
    assert rows is parts[name]
