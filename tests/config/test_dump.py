import json
from pathlib import Path
from typing import Any

import pytest

from mltrain.config import Config
from mltrain.config.convert import convert
from mltrain.config.dump import to_builtins, to_plain, to_yaml
from mltrain.config.families import FAMILIES, members
from mltrain.config.load import load_config, parse_config
from mltrain.config.yaml_reader import read_yaml
from mltrain.config.yaml_writer import write_yaml
from mltrain.engine.optimizers.adam import Adam
from mltrain.engine.optimizers.adamw import Adamw
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.optimizers.sgd import Sgd
from mltrain.spec import Spec

EXAMPLES = [(member, example) for _, member in members() for example in member.examples]

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


def test_there_is_something_to_test() -> None:
    assert {title for title, _ in members()} == set(FAMILIES)
    assert {member for member, _ in EXAMPLES} == {member for _, member in members()}
    assert len(CONFIGS) > 1


@pytest.mark.parametrize("defaults", [True, False])
@pytest.mark.parametrize(
    ("member", "example"), EXAMPLES, ids=[f"{member.family.noun} {member.type_name()}" for member, _ in EXAMPLES]
)
def test_every_spec_reads_back(member: type[Spec], example: dict[str, Any], defaults: bool) -> None:
    spec = convert(member, {"type": member.type_name(), **example})
    document = read_yaml(write_yaml({"spec": to_plain(spec, defaults=defaults)}))
    assert document.problems == {}
    assert convert(member, document.data["spec"]) == spec


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_every_config_reads_back(path: Path) -> None:
    config = load_config(path)
    assert parse_config(to_yaml(config), path) == config
    assert convert(Config, json.loads(json.dumps(to_builtins(config)))) == config


def test_every_default_is_filled_in() -> None:
    text = """\
dataset: {type: inline, x: [1, 2], y: [1e-7, -.5]}
layers: [flatten, {type: dense, units: 3, activation: relu}, {type: dense, units: 1, name: last}]
loss: mse
optimizer: {type: adam, learning_rate: 1e-3, clip_norm: 1}
"""
    assert (
        to_yaml(parse_config(text, "lesson 1.yaml"))
        == """\
name: lesson_1
seed: 0
dataset: {type: inline, x: [1, 2], y: [1e-07, -0.5], validation_split: 0.0, test_split: 0.0}
layers:
  - flatten
  - type: dense
    units: 3
    activation: relu
    use_bias: true
    kernel_initializer: glorot_uniform
    bias_initializer: zeros
    trainable: true
  - type: dense
    units: 1
    activation: linear
    use_bias: true
    kernel_initializer: glorot_uniform
    bias_initializer: zeros
    trainable: true
    name: last
loss: mean_squared_error
optimizer:
  type: adam
  learning_rate: 0.001
  beta_1: 0.9
  beta_2: 0.999
  epsilon: 1e-07
  clip_norm: 1.0
  use_ema: false
  ema_momentum: 0.99
metrics: []
training: {epochs: 1, batch_size: 32, gradient_accumulation: 1, shuffle: true, track: []}
"""
    )


def test_names_of_classes_that_look_like_numbers_stay_names() -> None:
    text = """\
dataset: {type: inline, x: [1, 2], y: ['1e3', 'true']}
layers: [{type: dense, units: 2, activation: softmax}]
loss: sparse_categorical_crossentropy
"""
    config = parse_config(text, "x.yaml")
    assert 'y: ["1e3", "true"]' in to_yaml(config)
    assert parse_config(to_yaml(config), "x.yaml") == config


def test_without_defaults_only_what_was_said_is_left() -> None:
    assert to_plain(Sgd(), defaults=False) == "sgd"
    assert to_plain(Adam(beta_1=0.5), defaults=False) == {"type": "adam", "beta_1": 0.5}


def test_null_is_written_where_it_is_not_the_default() -> None:
    plain = to_plain(convert(Optimizer, {"type": "adamw", "weight_decay": None}))
    assert plain["weight_decay"] is None
    assert "clip_norm" not in plain
    assert convert(Optimizer, plain) == Adamw(weight_decay=None)
