"""Shards of a network, each after the other, compute what the network computes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from gradient_check import run
from spec_examples import examples, label

from mltrain.backends.numpy.parallel import choice
from mltrain.backends.numpy.parallel import column_parallel as module
from mltrain.backends.numpy.parallel.column_parallel import Exchange, Shards, exchange_after
from mltrain.config.convert import convert
from mltrain.engine.activations.base import Activation
from mltrain.engine.layers.base import Layer
from mltrain.engine.layers.dense import Dense
from mltrain.engine.network import Network
from mltrain.engine.plan import Plan

ROWS, INPUTS = 5, 7


def layers_of(*configs: Any) -> list[Layer]:
    return [convert(Layer, config) for config in configs]


def dense(units: int, **options: Any) -> dict[str, Any]:
    return {"type": "dense", "units": units, **options}


DROPOUT = {"type": "dropout", "rate": 0.4}
CONFIGS: dict[str, list[Any]] = {
    "a pair": [dense(9, activation="relu"), dense(3)],
    "dropout between": [dense(9, activation="tanh"), DROPOUT, "gelu", dense(4, activation="softmax")],
    "two pairs": [dense(9, activation="elu"), dense(8, activation="tanh"), dense(9), dense(2)],
    "no bias": [dense(9, use_bias=False, activation="sigmoid"), dense(3, use_bias=False)],
    "wide softmax": [dense(9, activation="softmax")],
    "wide softmax between": [dense(9, activation="softmax"), dense(9), "softmax", dense(2)],
    "many inputs, few units": [dense(3, activation="tanh"), dense(2)],
    "few units above": [dense(9, activation="tanh"), "softmax", dense(3), "relu", dense(2)],
    "reshaped": [dense(9), "flatten", "tanh", {"type": "reshape", "target_shape": [3, 3]}, "flatten", dense(2)],
    "wide outputs": [dense(9), "relu"],
    "frozen below": [dense(9, trainable=False), dense(8, activation="tanh"), dense(9, trainable=False), dense(2)],
    "small ones, too": [dense(9, activation="relu"), dense(2, activation="tanh"), dense(1), dense(9), "tanh", dense(1)],
}
NETWORKS = {name: layers_of(*configs) for name, configs in CONFIGS.items()}


@pytest.fixture(autouse=True)
def small_ones_are_cut(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(choice, "LARGE_KERNEL", 20)
    monkeypatch.setattr(module, "FEWEST_COLUMNS", 4)


def network_of(layers: Sequence[Layer]) -> Network:
    network = Network(layers, (INPUTS,), dtype=np.float64)
    network.parameters[:] = np.random.default_rng(0).normal(size=network.parameters.size)
    return network


def cut(network: Network, count: int) -> Shards:
    """The shards, with the network's parameters."""
    shards = Shards(network, count)
    for shard, part in zip(shards.all, shards.parts(network.parameters), strict=True):
        shard.network.parameters[:] = part
    return shards


def exchange(all_of: Sequence[Exchange | None]) -> None:
    """Do what is to be done together."""
    arrays = [one.array for one in all_of if one]
    if not arrays:
        return
    together = np.full_like(arrays[0], np.nan)
    for one in all_of:
        assert one is not None
        if one.own is None:
            together = sum(arrays)
        else:
            together[:, one.own] = one.array[:, one.own]
    for array in arrays:
        array[...] = together


def run_shards(shards: Shards, x: Any, dy: Any) -> tuple[list[Any], list[Any]]:
    """The outputs of all shards, and the flat gradients of each: one call of all, and then the next."""
    gradients = [np.zeros_like(shard.network.parameters) for shard in shards.all]
    passes = [
        Plan(shard.network, ROWS, gradients=g).bind(x, np.empty_like(dy), np.random.default_rng(0))
        for shard, g in zip(shards.all, gradients, strict=True)
    ]

    def run_all(backward: bool) -> None:
        for calls in zip(*(bound.backward if backward else bound.forward for bound in passes), strict=True):
            for call in calls:
                call.run()
            exchange([exchange_after(call, backward=backward) for call in calls])

    run_all(backward=False)
    outputs = [bound.y.copy() for bound in passes]
    for bound in passes:
        bound.dz[...] = dy
    run_all(backward=True)
    return outputs, gradients


def check(layers: Sequence[Layer], count: int) -> None:
    """Compare outputs and gradients of the whole and of its shards."""
    network = network_of(layers)
    rng = np.random.default_rng(1)
    x, dy = rng.normal(size=(ROWS, INPUTS)), rng.normal(size=(ROWS, *network.output_shape))
    y, expected = run(network, x, dy)
    shards = cut(network, count)
    outputs, gradients = run_shards(shards, x, dy)
    for output in outputs:
        np.testing.assert_allclose(output, y, rtol=1e-12, atol=1e-14)
    for (name, slopes), found in zip(
        network.views(expected).items(), network.views(shards.whole(gradients)).values(), strict=True
    ):
        np.testing.assert_allclose(found, slopes, rtol=1e-11, atol=1e-13, err_msg=name)


@pytest.mark.parametrize("count", [1, 2, 3])
@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_shards_compute_what_the_whole_computes(layers: Sequence[Layer], count: int) -> None:
    check(layers, count)


@pytest.mark.parametrize("layers", NETWORKS.values(), ids=NETWORKS)
def test_every_parameter_is_owned_once(layers: Sequence[Layer]) -> None:
    network = network_of(layers)
    owners = {array: np.zeros_like(values) for array, values in network.arrays.items()}
    for shard in Shards(network, 3).all:
        owned = np.zeros_like(shard.network.parameters)
        for part in shard.owned:
            owned[part] += 1
        for array, values in shard.network.views(owned).items():
            owners[array][shard.places[array]] += values
    for array, count in owners.items():
        assert (count == 1).all(), array


def test_what_lies_between_two_sums_is_narrow() -> None:
    network = network_of(layers_of(dense(9, activation="relu"), DROPOUT, dense(3, activation="softmax")))
    for rank, shard in enumerate(Shards(network, 3).all):
        assert [node.output_shape for node in shard.network.nodes] == [(3,), (3,), (3,)]
        assert shard.places == {
            "dense.kernel": (slice(None), slice(3 * rank, 3 * rank + 3)),
            "dense.bias": (slice(3 * rank, 3 * rank + 3),),
            "dense_1.kernel": (slice(3 * rank, 3 * rank + 3),),
        } | ({"dense_1.bias": ()} if rank == 0 else {})


def test_what_is_small_is_left_whole() -> None:
    (node,) = Shards(network_of(layers_of(dense(2))), 2).all[1].network.nodes
    assert (type(node.layer), node.output_shape) == (Dense, (2,))


def test_the_networks_need_all_kinds_of_exchange() -> None:
    kinds = {
        type(node.layer) for layers in NETWORKS.values() for node in Shards(network_of(layers), 2).all[0].network.nodes
    }
    assert {
        module.ColumnParallelDense,
        module.RowParallelDense,
        module.DropoutOfColumns,
        module.AllGather,
        module.SliceColumns,
    } <= kinds


ELEMENT_WISE = [layer for layer in examples(Layer) if layer.element_wise]


def test_all_activations_but_softmax_are_element_wise() -> None:
    assert {layer.type_name() for layer in ELEMENT_WISE} == {*Activation.family.names(), "dropout"} - {"softmax"}


@pytest.mark.parametrize("layer", ELEMENT_WISE, ids=label)
def test_what_is_element_wise_can_be_cut(layer: Layer) -> None:
    check([*layers_of(dense(9)), layer, *layers_of(dense(2))], 2)


@pytest.mark.parametrize(("units", "large"), [(3, False), (4, True), (5, True)])
def test_a_kernel_is_large_from_the_limit_on(units: int, large: bool) -> None:
    (node,) = Network(layers_of(dense(units)), (5,)).nodes
    assert choice.is_large(node) is large
