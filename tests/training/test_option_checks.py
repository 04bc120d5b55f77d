"""Options that do nothing or harm, at their extremes: refused where no training could use them, else warned of."""

import re
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pytest
from toy_training import layers, network, optimizer

from mltrain.checks.options import number_problems, option_warnings
from mltrain.config import Config
from mltrain.config.convert import convert
from mltrain.config.load import parse_config
from mltrain.engine.activations.base import Activation
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.layers.base import Layer
from mltrain.engine.losses.base import Loss
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.regularizers.base import Regularizer
from mltrain.engine.schedules.base import Schedule
from mltrain.errors import ConfigError
from mltrain.training.options import Training

TEXT = """
dataset: {type: linear, slope: 1, intercept: 0, samples: 20, x: {type: linspace, start: 0, stop: 1}}
layers: [{type: dense, units: 4, activation: relu}, {type: dense, units: 1}]
loss: mse
"""


def refused(*overrides: str) -> str:
    with pytest.raises(ConfigError) as refusal:
        parse_config(TEXT, "t.yaml", overrides)
    return str(refusal.value)


@pytest.mark.parametrize(
    "option",
    [
        "optimizer.learning_rate",
        "optimizer.clip_norm",
        "optimizer.weight_decay",
        "optimizer.epsilon",
        "layers.0.kernel_regularizer={type: l2, l2: %s}",
        "layers.1.kernel_initializer={type: random_normal, stddev: %s}",
        "loss={type: huber, delta: %s}",
        "optimizer.learning_rate={type: exponential_decay, initial_learning_rate: 1.0, decay_steps: 1, decay_rate: %s}",
        "optimizer.learning_rate={type: piecewise, boundaries: [3], values: [0.1, %s]}",
        "dataset.noise_stddev",
    ],
)
@pytest.mark.parametrize(("value", "what"), [("1e-50", "is 0 as"), ("1e-39", "is 0 as"), ("1e+60", "is infinite as")])
def test_numbers_that_32_bits_do_not_hold(option: str, value: str, what: str) -> None:
    said = option % value if "%s" in option else f"{option}={value}"
    assert f"{value} {what} a 32-bit number" in refused("optimizer=adam", said)


def test_every_decimal_option_is_looked_at() -> None:
    """Whatever the member: a number of 1e-50 anywhere among its options is found."""
    seen = 0
    for base in (Layer, Activation, Loss, Optimizer, Schedule, Regularizer, Initializer):
        for member in base.family:
            for name in member.__struct_fields__:
                example = member.examples[0] if getattr(member, "examples", ()) else {}
                try:
                    made = convert(base, {"type": member.type_name(), **example, name: 1e-50})
                except ConfigError:
                    continue
                if isinstance(getattr(made, name), float) and name != "min_delta":
                    assert number_problems({"one": made}), f"{member.type_name()}.{name}"
                    seen += 1
    assert seen > 20


@pytest.mark.parametrize(
    ("kind", "share"),
    [
        ("sgd", "momentum"),
        ("sgd", "ema_momentum"),
        ("adam", "beta_1"),
        ("adam", "beta_2"),
        ("rmsprop", "rho"),
        ("lion", "beta_2"),
    ],
)
def test_shares_that_are_one_in_32_bits(kind: str, share: str) -> None:
    made = convert(Optimizer, {"type": kind, share: 0.9999999999})
    (problem,) = number_problems({"optimizer": made})
    assert str(problem) == (
        f"optimizer.{share}: 0.9999999999 is 1 as a 32-bit number: the past would never be forgotten"
    )
    assert number_problems({"optimizer": convert(Optimizer, {"type": kind, share: 0.9999})}) == []


@pytest.mark.parametrize(("rate", "what"), [(0.999999, "all"), (1e-6, "nothing")])
def test_dropout_of_all_or_nothing(rate: float, what: str) -> None:
    with pytest.raises(ConfigError, match=f"^rate: {re.escape(repr(rate))} drops {what}: shares are whole 65536ths$"):
        convert(Layer, {"type": "dropout", "rate": rate})
    assert layers({"type": "dropout", "rate": 0.0}, {"type": "dropout", "rate": 0.5})


def warnings_of(*layer_configs: Any, how: Any = "adam", rows: int = 100, validation: int | None = None, **options: Any):
    net = network(3, *(layer_configs or ({"type": "dense", "units": 1},)))
    training = convert(Training, {"epochs": 10, "batch_size": 10, **options})
    return option_warnings(net, optimizer(how), training, rows=rows, validation_rows=validation)


def decay(rate: float, steps: int = 1) -> dict[str, Any]:
    return {"type": "exponential_decay", "initial_learning_rate": 0.1, "decay_steps": steps, "decay_rate": rate}


@pytest.mark.parametrize(
    ("how", "line"),
    [
        ({"type": "adam", "learning_rate": 1e-12}, "1e-12 is so small that all 100 steps together move no weight by "
         "more than 1e-10 times a gradient"),
        ({"type": "sgd", "learning_rate": 1e-20}, "so small that all 100 steps"),
        ({"type": "sgd", "learning_rate": 1e20}, "the learning rate reaches 1e+20 within the 100 steps"),
        ({"type": "sgd", "learning_rate": decay(1e30)}, "the learning rate reaches inf within"),
        ({"type": "sgd", "learning_rate": decay(1.2)}, "the learning rate reaches 6.9015e+06 within the 100 steps"),
        ({"type": "sgd", "learning_rate": decay(1e-3)}, "is down to 1e-148 after half of the 100 steps"),
        ({"type": "sgd", "learning_rate": {"type": "cosine_decay", "initial_learning_rate": 0.1, "decay_steps": 10}},
         "is down to 0 after half of the 100 steps: the others teach nothing"),
        ({"type": "sgd", "clip_norm": 1e-30}, "optimizer.clip_norm 1e-30 scales every gradient down to that length"),
        ({"type": "adam", "epsilon": 1e30}, "optimizer.epsilon 1e+30 is larger than gradients are"),
        ({"type": "adagrad", "initial_accumulator_value": 1e30}, "optimizer.initial_accumulator_value 1e+30 is larger"),
        ({"type": "sgd", "weight_decay": 1e30}, "weight_decay times the learning rate is 1e+28: each step takes away"),
        ({"type": "sgd", "use_ema": True, "ema_momentum": 0.99999}, "consists of the first weights to 100% after"),
    ],
)  # fmt: skip
def test_optimizers_that_do_nothing_or_harm(how: Any, line: str) -> None:
    found = [warning for warning in warnings_of(how=how) if line in warning]
    assert len(found) == 1


def dense(units: int, **options: Any) -> dict[str, Any]:
    return {"type": "dense", "units": units, **options}


@pytest.mark.parametrize(
    ("hidden", "line"),
    [
        ([dense(4, kernel_regularizer={"type": "l2", "l2": 1e30})], "dense.kernel_regularizer.l2 1e+30 counts weights"),
        ([dense(4, kernel_initializer="zeros")], "the 4 units of layer dense begin with the same weights"),
        ([dense(4, kernel_initializer={"type": "constant", "value": 2})], "begin with the same weights"),
        ([dense(4, kernel_initializer={"type": "random_normal", "stddev": 0})], "begin with the same weights"),
        (
            [dense(4, activation={"type": "elu", "alpha": 1e30})],
            "dense.activation.alpha 1e+30 makes outputs that large",
        ),
        ([{"type": "dropout", "rate": 0.9}], "layer dropout keeps 0.3 of 3 numbers on average"),
    ],
)
def test_layers_that_do_nothing_or_harm(hidden: list[Any], line: str) -> None:
    (found,) = warnings_of(*hidden, dense(1))
    assert line in found


def test_one_row_for_validation_is_chance() -> None:
    (found,) = warnings_of(validation=1)
    assert found.startswith("one row is held back for validation: what it says is chance")


@pytest.mark.parametrize("kind", Optimizer.family.names())
def test_usual_options_give_no_reason_to_warn(kind: str) -> None:
    assert warnings_of(dense(8, activation="relu"), {"type": "dropout", "rate": 0.5}, dense(1), how=kind) == []
    assert warnings_of(how={"type": kind, "learning_rate": 1e-3, "clip_norm": 1.0}, validation=20) == []
    frozen = dense(4, kernel_initializer="ones", trainable=False)
    assert warnings_of(frozen, dense(1), how=kind) == []
    assert warnings_of(how={"type": kind, "learning_rate": 1e-12}, epochs=0) == []
    config = parse_config(TEXT, Path("t.yaml"), [f"optimizer={kind}"])
    assert isinstance(config, Config)
    assert number_problems(msgspec.structs.asdict(config)) == []
    assert np.isfinite(config.optimizer.learning_rate)
