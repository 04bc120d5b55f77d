"""Optimizers, losses, schedules, activations and initializers against numbers from Keras 3.

The numbers are in tests/keras_reference, with the script that made them. They are float64, in which mltrain must agree
to eleven digits. In float32, as mltrain trains, rounding remains: a step adds about 1e-7, and twenty steps carry it on.
"""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace

from mltrain.backends.numpy.penalty import Penalty
from mltrain.backends.numpy.update import AVERAGE, Update
from mltrain.config.convert import convert
from mltrain.engine.activations.base import Activation
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.layers.base import Layer
from mltrain.engine.layers.dense import Dense
from mltrain.engine.losses.base import Loss
from mltrain.engine.network import Network
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.plan import Plan
from mltrain.engine.regularizers.base import Regularizer
from mltrain.engine.schedules.base import Schedule

REFERENCE = json.loads((Path(__file__).parents[1] / "keras_reference" / "trajectories.json").read_text())
NETWORK = REFERENCE["network"]
TOLERANCES = [pytest.param(np.float64, 1e-11, id="float64"), pytest.param(np.float32, 4e-6, id="float32")]


def names(case: Any) -> str:
    """A case as a test id: the words of its config without braces and quotes."""
    return json.dumps(case).translate(str.maketrans(dict.fromkeys('{}[]" ')))


def train(
    optimizer: Any, loss: Any, activation: Any, dtype: Any, steps: int, hidden_options: Any, last_options: Any
) -> dict[str, dict[str, Any]]:
    """The loss before each step, and all weights after it or their running mean, by the step's number."""
    rule, goal = convert(Optimizer, optimizer), convert(Loss, loss)
    hidden, last = (convert(Activation, name) for name in (NETWORK["hidden_activation"], activation))
    layers = [
        replace(convert(Layer, {"type": "dense", "units": NETWORK["hidden"], **hidden_options}), activation=hidden),
        replace(convert(Layer, {"type": "dense", "units": NETWORK["outputs"], **last_options}), activation=last),
    ]
    network = Network(layers, (NETWORK["inputs"],), dtype=dtype)
    network.parameters[:] = NETWORK["weights"]
    x = np.array(NETWORK["x"], dtype)
    target = np.array(NETWORK["targets"][goal.targets], np.int32 if goal.targets == "labels" else dtype)
    gradients = np.zeros_like(network.parameters)
    plan = Plan(network, len(x), gradients=gradients, fused=goal.fused_activation is not None)
    bound = plan.bind(x, np.empty((len(x), NETWORK["outputs"]), dtype))
    update, penalty = Update(rule, network.parameters, gradients, network.trainable), Penalty(network, gradients)
    recorded = {}
    for step in range(1, steps + 1):
        for call in bound.forward:
            call.run()
        value = goal.mean(bound.z, bound.y, target, bound.dz)
        for call in bound.backward:
            call.run()
        value += penalty()
        update()
        recorded[str(step)] = {"loss": value, "weights": update.vectors.get(AVERAGE, network.parameters).copy()}
    return recorded


def compare(
    steps: dict[str, Any],
    optimizer: Any,
    loss: Any,
    activation: Any,
    dtype: Any,
    tolerance: float,
    hidden: Any = None,
    last: Any = None,
) -> None:
    recorded = train(optimizer, loss, activation, dtype, max(map(int, steps)), hidden or {}, last or {})
    for step, expected in steps.items():
        for what, value in expected.items():
            found = recorded[step][what]
            np.testing.assert_allclose(found, value, rtol=tolerance, atol=tolerance, err_msg=f"{what}, step {step}")


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize(
    "case", REFERENCE["optimizers"] + REFERENCE["averages"], ids=lambda case: names(case["optimizer"])
)
def test_optimizer_moves_weights_as_in_keras(case: Any, dtype: Any, tolerance: float) -> None:
    compare(case["steps"], case["optimizer"], "mean_squared_error", "linear", dtype, tolerance)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("case", REFERENCE["layers"], ids=lambda case: names([case["hidden"], case["last"]]))
def test_penalties_and_frozen_layers_are_as_in_keras(case: Any, dtype: Any, tolerance: float) -> None:
    how, layers = case["optimizer"], (case["hidden"], case["last"])
    compare(case["steps"], how, "mean_squared_error", "linear", dtype, tolerance, *layers)


@pytest.mark.parametrize(("dtype", "tolerance"), TOLERANCES)
@pytest.mark.parametrize("case", REFERENCE["losses"], ids=lambda case: names([case["loss"], case["activation"]]))
def test_loss_teaches_as_in_keras(case: Any, dtype: Any, tolerance: float) -> None:
    compare(case["steps"], {"type": "sgd", "learning_rate": 0.1}, case["loss"], case["activation"], dtype, tolerance)


@pytest.mark.parametrize("case", REFERENCE["schedules"], ids=lambda case: names(case["schedule"]))
def test_schedule_gives_the_rates_of_keras(case: Any) -> None:
    schedule = convert(Schedule, case["schedule"])
    np.testing.assert_allclose(list(map(schedule.at, range(len(case["rates"])))), case["rates"], rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize(("dtype", "tolerance"), [(np.float64, 1e-13), (np.float32, 4e-7)])
@pytest.mark.parametrize("name", REFERENCE["activations"])
def test_activation_gives_the_values_and_slopes_of_keras(name: str, dtype: Any, tolerance: float) -> None:
    grid, expected = np.array(REFERENCE["grid"], dtype), REFERENCE["activations"][name]
    width = grid.shape[1]
    network = Network([Dense(units=width, use_bias=False), convert(Layer, name)], (width,), dtype=dtype)
    network.arrays["dense.kernel"][...] = np.eye(width)
    gradients = np.zeros_like(network.parameters)
    y = np.empty_like(grid)
    # One row at a time, whose dy is 1, 2, 3, 4: the kernel's gradient is then x times dx.
    for row, values, slopes in zip(grid, expected["y"], expected["dx"], strict=True):
        bound = Plan(network, 1, gradients=gradients).bind(row[None], y[:1])
        for call in bound.forward:
            call.run()
        np.testing.assert_allclose(y[0], values, rtol=tolerance, atol=tolerance)
        bound.dz[...] = np.arange(1, width + 1)
        for call in bound.backward:
            call.run()
        dx = network.views(gradients)["dense.kernel"][0] / row[0]
        np.testing.assert_allclose(dx, slopes, rtol=10 * tolerance, atol=10 * tolerance)


@pytest.mark.parametrize("name", REFERENCE["initializers"])
def test_initializer_spreads_as_in_keras(name: str) -> None:
    shape = (300, 200)
    values = convert(Initializer, name).values(shape, np.random.default_rng(0))
    expected = REFERENCE["initializers"][name]
    # 60,000 numbers: their standard deviation varies by about 0.3%, their mean by 0.4% of that.
    assert values.std() == pytest.approx(expected["stddev"], rel=0.015)
    assert values.mean() == pytest.approx(expected["mean"], abs=0.02 * expected["stddev"])
    if name not in ("random_normal", "orthogonal"):  # the others have a limit, which so many numbers come close to
        assert np.abs(values).max() == pytest.approx(expected["largest"], rel=1e-3)


NOT_IN_KERAS = {"perceptron", "reduce_on_plateau"}


def test_everything_that_keras_has_is_compared() -> None:
    assert {case["optimizer"]["type"] for case in REFERENCE["optimizers"]} == {*Optimizer.family.names()} - NOT_IN_KERAS
    assert {case["loss"]["type"] for case in REFERENCE["losses"]} == {*Loss.family.names()} - NOT_IN_KERAS
    assert {case["schedule"]["type"] for case in REFERENCE["schedules"]} == {*Schedule.family.names()} - NOT_IN_KERAS
    layers = [layer for case in REFERENCE["layers"] for layer in (case["hidden"], case["last"])]
    regularizers = [option["type"] for layer in layers for option in layer.values() if isinstance(option, dict)]
    assert set(regularizers) == set(Regularizer.family.names())
    assert len(REFERENCE["activations"]) >= 9
    assert len(REFERENCE["initializers"]) >= 10
