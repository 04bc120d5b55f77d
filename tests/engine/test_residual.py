"""A residual layer is the network that can be written with ``inputs`` and add, under names of its own."""

from typing import Any

import numpy as np
import pytest
from gradient_check import check_layers

from mltrain.config.convert import convert
from mltrain.engine.graph import infer
from mltrain.engine.layers.base import Layer
from mltrain.engine.network import Network
from mltrain.engine.plan import Plan
from mltrain.errors import ConfigError


def layers(*described: Any) -> list[Layer]:
    return [convert(Layer, one) for one in described]


def conv(filters: int, **options: Any) -> dict[str, Any]:
    return {"type": "conv2d", "filters": filters, "kernel_size": 3, "padding": "same", **options}


STRIDED = {"type": "residual", "name": "block", "layers": [conv(4, strides=2, activation="relu"), conv(4, name="last")]}
WRITTEN_OUT = [
    conv(4, strides=2, activation="relu", name="block_conv2d"),
    conv(4, name="block_last"),
    {"type": "conv2d", "filters": 4, "kernel_size": 1, "strides": 2, "name": "block_projection", "inputs": ["conv2d"]},
    {"type": "add", "name": "block", "inputs": ["block_last", "block_projection"]},
]


def test_it_is_the_network_written_with_add() -> None:
    first, last = conv(2), [{"type": "flatten"}, {"type": "dense", "units": 3}]
    short = Network(layers(first, STRIDED, *last), (6, 5, 1))
    long = Network(layers(first, *WRITTEN_OUT, *last), (6, 5, 1))
    assert [
        (node.name, node.sources, node.output_shape) for node in short.nodes if node.name != "block_projection"
    ] == [(node.name, node.sources, node.output_shape) for node in long.nodes if node.name != "block_projection"]
    short.initialize(np.random.default_rng(0))
    for name, values in short.arrays.items():
        long.arrays[name][...] = values
    assert len(short.parameters) == len(long.parameters)
    x = np.random.default_rng(1).random((4, 6, 5), np.float32)
    results = []
    for network in (short, long):
        y, gradients = np.empty((4, 3), np.float32), np.empty_like(network.parameters)
        bound = Plan(network, 4, gradients=gradients).bind(x, y, np.random.default_rng(0))
        for call in bound.forward:
            call.run()
        bound.dz[...] = y
        for call in bound.backward:
            call.run()
        results.append((y, network.views(gradients)))
    (y, slopes), (y_long, slopes_long) = results
    np.testing.assert_array_equal(y, y_long)
    for name, slope in slopes.items():
        np.testing.assert_array_equal(slope, slopes_long[name])


@pytest.mark.parametrize(
    ("layer", "shape", "projection", "output"),
    [
        ({"layers": [conv(2)]}, (6, 5, 2), None, (6, 5, 2)),
        ({"layers": [conv(2)]}, (6, 5), (1, 1, 1, 2), (6, 5, 2)),
        ({"layers": [conv(3), "max_pooling2d"]}, (6, 4, 2), (1, 1, 2, 3), (3, 2, 3)),
        ({"layers": [conv(3, strides=[2, 1]), conv(3, strides=2)]}, (9, 6, 2), (1, 1, 2, 3), (3, 3, 3)),
        (
            {"layers": [{"type": "residual", "layers": [conv(3, strides=2)]}, conv(2)]},
            (5, 5, 2),
            (1, 1, 2, 2),
            (3, 3, 2),
        ),
        ({"layers": [{"type": "dense", "units": 4}]}, (6,), (6, 4), (4,)),
        (
            {"layers": [{"type": "conv1d", "filters": 3, "kernel_size": 3, "strides": 2, "padding": "same"}]},
            (7,),
            (1, 1, 3),
            (4, 3),
        ),
    ],
    ids=["same", "grey", "pooled", "strides", "nested", "dense", "sequence"],
)
def test_where_shapes_differ_the_input_is_projected(layer: Any, shape: Any, projection: Any, output: Any) -> None:
    nodes = {node.name: node for node in infer(layers({"type": "residual", **layer}), shape)}
    assert nodes["residual"].output_shape == output
    kernel = nodes["residual_projection"].parameters["kernel"].shape if "residual_projection" in nodes else None
    assert kernel == projection
    assert {node.path[:2] for node in nodes.values()} == {("layers", 0)}


def test_gradients_are_right() -> None:
    nested = {"type": "residual", "layers": [{"type": "dense", "units": 6, "activation": "tanh"}]}
    check_layers(layers({"type": "residual", "layers": [nested, {"type": "dense", "units": 6}]}))


@pytest.mark.parametrize(
    ("layer", "where", "message"),
    [
        ({"layers": [conv(2), conv(2, kernel_size=9, padding="valid")]}, "layers[0].layers", "does not fit into"),
        ({"layers": [conv(2, padding="valid")]}, "layers[0].layers", "make 4 x 3 x 2 of 6 x 5"),
        ({"layers": ["global_max_pooling2d"]}, "layers[0].layers", "no projection of the input has that shape"),
        ({"layers": [conv(1), {**conv(1), "inputs": ["input"]}]}, "layers[0].layers[1].inputs", "in order"),
        ({"layers": [conv(1, name="a"), conv(1, name="a")]}, "layers[0].layers[1].name", "layers[0].layers[0] has"),
    ],
    ids=["kernel", "valid", "pooled away", "inputs", "name"],
)
def test_bad_inner_layers_are_pointed_at(layer: Any, where: str, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        infer(layers({"type": "residual", **layer}), (6, 5))
    assert str(caught.value).startswith(where)
    assert message in str(caught.value)
