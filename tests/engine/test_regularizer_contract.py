"""What every regularizer must do, whichever it is, and what a network makes of several."""

from typing import Any

import numpy as np
import pytest
from gradient_check import compare
from spec_examples import examples, label

from mltrain.backends.numpy import penalty
from mltrain.backends.numpy.penalty import Penalty
from mltrain.config.convert import convert
from mltrain.engine.layers.base import Layer
from mltrain.engine.network import Network
from mltrain.engine.regularizers.base import Regularizer

REGULARIZERS = examples(Regularizer)
every_regularizer = pytest.mark.parametrize("regularizer", REGULARIZERS, ids=label)


def cost(regularizer: Regularizer, p: Any) -> tuple[float, Any]:
    slope = np.full_like(p, np.nan)
    return regularizer.penalty(p, slope, np.full_like(p, np.nan)), slope


def test_family_holds_what_the_documentation_names() -> None:
    assert set(Regularizer.family.names()) >= {"l1", "l2", "l1_l2"}
    assert len(REGULARIZERS) >= len(Regularizer.family.names()), "every regularizer needs an example"


@every_regularizer
def test_slope_is_that_of_the_value(regularizer: Regularizer) -> None:
    p = np.random.default_rng(3).normal(size=50)
    value, slope = cost(regularizer, p)
    assert value > 0
    compare(lambda moved: cost(regularizer, moved)[0], p, slope)


@every_regularizer
def test_nothing_costs_nothing_and_parameters_are_left_alone(regularizer: Regularizer) -> None:
    assert cost(regularizer, np.zeros(5))[0] == 0
    p = np.linspace(-1, 1, 5)
    cost(regularizer, p)
    np.testing.assert_array_equal(p, np.linspace(-1, 1, 5))


@pytest.mark.parametrize(
    ("config", "value"),
    [
        ("l1", 0.01 * 6),
        ("l2", 0.01 * 14),
        ({"type": "l1", "l1": 2}, 12),
        ({"type": "l2", "l2": 0.5}, 7),
        ({"type": "l1_l2", "l1": 2, "l2": 0.5}, 19),
        ("l1_l2", 0),
    ],
)
def test_values_are_those_of_the_formulas(config: Any, value: float) -> None:
    assert cost(convert(Regularizer, config), np.array([1.0, -2, 3]))[0] == pytest.approx(value, rel=1e-12)


LAYERS: list[dict[str, Any]] = [
    {"type": "dense", "units": 4, "kernel_regularizer": {"type": "l2", "l2": 0.5}},
    {"type": "dense", "units": 3, "kernel_regularizer": "l1", "trainable": False},
    {"type": "dense", "units": 2, "kernel_regularizer": "l1", "bias_regularizer": {"type": "l2", "l2": 2}},
]


def regularized() -> Network:
    network = Network([convert(Layer, layer) for layer in LAYERS], (3,), dtype=np.float64)
    network.parameters[:] = np.random.default_rng(8).normal(size=network.parameters.size)
    return network


def test_a_network_costs_what_its_trained_parameters_cost() -> None:
    network = regularized()
    kernel, last, bias = (network.arrays[name] for name in ("dense.kernel", "dense_2.kernel", "dense_2.bias"))
    expected = 0.5 * np.square(kernel).sum() + 0.01 * np.abs(last).sum() + 2 * np.square(bias).sum()
    assert Penalty(network)() == pytest.approx(expected, rel=1e-12)


def test_a_network_adds_slopes_to_its_gradients(monkeypatch: pytest.MonkeyPatch) -> None:
    network = regularized()
    gradients = np.ones_like(network.parameters)

    def value(parameters: Any) -> float:
        network.parameters[:] = parameters
        return Penalty(network)()

    monkeypatch.setattr(penalty, "_LONGEST", 5)
    Penalty(network, gradients)()
    frozen, _ = network.places["dense_1.kernel"]
    moved = network.parameters.copy()
    compare(value, moved, gradients - 1)
    np.testing.assert_array_equal(gradients[frozen], 1)


def test_what_others_own_has_a_slope_but_no_cost() -> None:
    network = regularized()
    kernel, _ = network.places["dense.kernel"]
    others = [place for name, (place, _) in network.places.items() if name != "dense.kernel"]
    slopes = np.zeros((3, network.parameters.size))
    whole, own, rest = (Penalty(network, g, owned)() for g, owned in zip(slopes, (None, [kernel], others), strict=True))
    assert own == pytest.approx(0.5 * np.square(network.arrays["dense.kernel"]).sum(), rel=1e-12)
    assert own + rest == pytest.approx(whole, rel=1e-12)
    np.testing.assert_array_equal(slopes, slopes[:1].repeat(3, 0))


def test_what_has_no_regularizer_costs_nothing() -> None:
    network = Network([convert(Layer, {"type": "dense", "units": 4})], (3,))
    assert (network.regularized, Penalty(network)()) == ([], 0)
