"""Layers put together: names, shapes, messages, and the vector in which the parameters lie."""

from typing import Any

import numpy as np
import pytest
from gradient_check import run

from mltrain.config.convert import convert
from mltrain.engine.graph import infer, layer_names
from mltrain.engine.layers.base import Layer
from mltrain.engine.network import Network
from mltrain.engine.plan import Plan
from mltrain.errors import ConfigError, Problem


def layers(*configs: Any) -> list[Layer]:
    return [convert(Layer, config) for config in configs]


def dense(units: int, **options: Any) -> dict[str, Any]:
    return {"type": "dense", "units": units, **options}


def test_names_are_counted_by_type_and_leave_given_ones_alone() -> None:
    given = dense(1, name="dense_1")
    assert layer_names(layers(dense(1), "relu", dense(2), given, dense(3))) == [
        "dense",
        "relu",
        "dense_2",
        "dense_1",
        "dense_3",
    ]


def test_shapes_and_parameters_are_inferred() -> None:
    nodes = infer(layers("flatten", dense(5), dense(2, use_bias=False)), (3, 4))
    assert [node.output_shape for node in nodes] == [(12,), (5,), (2,)]
    assert [node.parameter_count for node in nodes] == [0, 65, 10]


def test_a_mismatch_is_told_with_its_place() -> None:
    with pytest.raises(ConfigError) as caught:
        infer(layers("relu", {"type": "reshape", "target_shape": [5]}), (2, 3))
    message = "the input is 2 x 3 = 6 numbers, which cannot be laid out as 5"
    assert caught.value.problems == (Problem(("layers", 1, "target_shape"), message),)


def test_first_values_of_the_wrong_shape_are_told_with_their_place() -> None:
    network = Network(layers(dense(2, kernel_initializer={"type": "constant", "value": [1, 2, 3]})), (2,))
    with pytest.raises(ConfigError) as caught:
        network.initialize(np.random.default_rng(0))
    message = "the value has shape (3,), but the parameter has shape (2, 2)"
    assert caught.value.problems == (Problem(("layers", 0, "kernel_initializer"), message),)


def test_arrays_are_views_of_one_vector() -> None:
    network = Network(layers(dense(2), dense(1)), (3,))
    network.parameters[:] = np.arange(11)
    assert {name: array.tolist() for name, array in network.arrays.items()} == {
        "dense.kernel": [[0, 1], [2, 3], [4, 5]],
        "dense.bias": [6, 7],
        "dense_1.kernel": [[8], [9]],
        "dense_1.bias": [10],
    }


def test_a_short_batch_gives_what_it_would_give_alone() -> None:
    network = Network(layers(dense(4, activation="tanh"), {"type": "dropout", "rate": 0.5}, dense(2)), (3,))
    network.initialize(np.random.default_rng(0))
    x, y = np.random.default_rng(1).normal(size=(8, 3)).astype(np.float32), np.empty((8, 2), np.float32)
    plan = Plan(network, 8)
    for call in (*plan.bind(x, y).forward, *plan.bind(x[:3], y[:3]).forward):
        call.run()
    alone = np.empty((3, 2), np.float32)
    for call in Plan(network, 3).bind(x[:3], alone).forward:
        call.run()
    np.testing.assert_array_equal(y[:3], alone)


def test_a_network_that_only_reshapes_gives_its_input() -> None:
    network = Network(layers("flatten", "linear"), (2, 3))
    x = np.arange(12, dtype=np.float32).reshape(2, 2, 3)
    y, gradients = run(network, x, np.ones((2, 6), np.float32))
    np.testing.assert_array_equal(y, x.reshape(2, 6))
    assert gradients.size == 0


def test_names_given_twice_are_refused() -> None:
    with pytest.raises(ConfigError) as caught:
        infer(layers(dense(2, name="one"), dense(1, name="two"), dense(1, name="one")), (3,))
    assert caught.value.problems == (Problem(("layers", 2, "name"), "layers[0] has this name already"),)
