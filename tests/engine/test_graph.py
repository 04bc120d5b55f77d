"""Networks that are no chains: which layer reads which, buffers that are shared, gradients that are added up."""

from typing import Any

import numpy as np
import pytest
from gradient_check import check_layers, outputs, run

from mltrain.backends.numpy.evaluation import predict
from mltrain.config.convert import convert
from mltrain.engine.activations.relu import Relu
from mltrain.engine.graph import infer, is_chain
from mltrain.engine.layers.base import Layer
from mltrain.engine.layout import OUTPUT, Layout, _fitness
from mltrain.engine.network import Network
from mltrain.errors import ConfigError


def layers(*configs: Any) -> list[Layer]:
    return [convert(Layer, config) for config in configs]


def dense(units: int, **options: Any) -> dict[str, Any]:
    return {"type": "dense", "units": units, **options}


def reading(kind: str, *inputs: str, **options: Any) -> dict[str, Any]:
    return {"type": kind, "inputs": list(inputs), **options}


BRANCHES = {
    "a connection that skips a layer": [
        dense(4, name="first"),
        dense(4, activation="tanh"),
        reading("add", "dense", "first"),
        dense(2),
    ],
    "a value that is read twice by one layer": [dense(4), reading("multiply", "dense", "dense"), dense(2)],
    "a value that a layer in place must not write over": [
        dense(4, name="first"),
        reading("relu", "first"),
        reading("sigmoid", "first"),
        reading("add", "relu", "sigmoid", "first", "relu"),
    ],
    "a value that is read in three shapes": [
        dense(6, name="first"),
        {"type": "reshape", "target_shape": [2, 3], "name": "rows"},
        {"type": "reshape", "target_shape": [3, 2], "inputs": ["first"], "name": "columns"},
        {"type": "flatten", "inputs": ["columns"]},
        reading("average", "flatten", "first", name="mean"),
        {"type": "reshape", "target_shape": [2, 3], "inputs": ["mean"]},
        reading("concatenate", "reshape", "rows", axis=1),
        "flatten",
        dense(2),
    ],
    "the input, read again further on": [dense(3), "softmax", reading("concatenate", "softmax", "input"), dense(2)],
    "layers in another order": [
        reading("add", "left", "right", name="sum"),
        dense(4, inputs=["stem"], name="left", activation="relu"),
        dense(4, inputs=["stem"], name="right", activation="tanh"),
        dense(5, inputs=["input"], name="stem"),
        dense(2, inputs=["sum"]),
    ],
    "a frozen branch": [
        dense(4, name="frozen", trainable=False),
        dense(4, name="left", inputs=["input"]),
        reading("multiply", "frozen", "left"),
        {"type": "dropout", "rate": 0.3},
        reading("add", "dropout", "frozen", "left"),
    ],
    "normalized on both ways": [
        dense(4, name="first"),
        {"type": "batch_normalization", "name": "one"},
        {"type": "batch_normalization", "name": "two", "inputs": ["first"]},
        reading("add", "one", "two", "first"),
        "relu",
        dense(1),
    ],
}
every_branch = pytest.mark.parametrize("branch", BRANCHES.values(), ids=BRANCHES)


@every_branch
def test_gradients_are_right(branch: list[Any]) -> None:
    check_layers(layers(*branch))


def random_graph(seed: int, *, random: bool) -> list[Any]:
    """A dozen layers, each reading any of those before it, and one that reads all that are left."""
    rng = np.random.default_rng(seed)
    kinds = ["dense", "relu", "tanh", "gelu", "softmax", "flatten", "add", "multiply", "average"]
    kinds += ["dropout", "batch_normalization"] if random else []
    names, found = ["input"], [dense(4, name="stem")]
    names = ["stem"]
    for number in range(12):
        kind, name = str(rng.choice(kinds)), f"layer_{number}"
        count = int(rng.integers(2, 4)) if kind in ("add", "multiply", "average") else 1
        options = {"dense": {"units": 4}, "dropout": {"rate": 0.3}}.get(kind, {})
        inputs = [str(one) for one in rng.choice(names[-4:], count)]
        found.append({"type": kind, "name": name, "inputs": inputs, **options})
        names.append(name)
    read = {one for config in found for one in config.get("inputs", ())}
    return [*found, {"type": "average", "inputs": [*(name for name in names if name not in read), "stem", "stem"]}]


@pytest.mark.parametrize("seed", range(12))
def test_gradients_of_any_graph_are_right(seed: int) -> None:
    check_layers(layers(*random_graph(seed, random=True)))


@pytest.mark.parametrize("seed", range(12))
def test_shared_buffers_change_no_output(seed: int) -> None:
    network = Network(layers(*random_graph(seed, random=False)), (3,))
    x = np.random.default_rng(seed).normal(size=(5, 3)).astype(np.float32)
    y = outputs(network, x, 5)
    trained, _ = run(network, x, np.ones_like(y))  # training shares fewer buffers, because backward reads values, too
    np.testing.assert_array_equal(y, trained)
    assert len(Layout(network.nodes, (3,), training=False).buffers) < len(
        Layout(network.nodes, (3,), training=True).buffers
    )


def test_a_chain_needs_two_gradient_buffers_and_inference_two_buffers_of_values() -> None:
    nodes = infer(layers(*(dense(units, activation="relu") for units in (9, 8, 7, 6)), dense(2)), (3,))
    assert is_chain(nodes)
    training, inference = (Layout(nodes, (3,), training=training) for training in (True, False))
    assert training.gradients == [9, 8]
    assert training.buffers == [(9, "float"), (8, "float"), (7, "float"), (6, "float")]
    assert inference.buffers == [(9, "float"), (8, "float")]
    assert not inference.gradients
    assert inference.places[inference.output.number] == training.places[training.output.number] == OUTPUT
    assert training.nbytes(10, 4) == 40 * (9 + 8 + 7 + 6 + 8 + 9 + 5) + 128
    # Five dense layers keep a one for each row; the widest relu has a mask of 90 bytes as scratch.


def test_a_connection_that_skips_layers_costs_one_more_gradient_buffer() -> None:
    chain = [dense(4, name="first"), dense(4, activation="tanh"), dense(4), dense(2)]
    skipping = [*chain[:3], reading("add", "dense_1", "first"), dense(2)]
    straight, branched = (Layout(infer(layers(*configs), (3,)), (3,), training=True) for configs in (chain, skipping))
    assert straight.gradients == [4, 4]
    assert branched.gradients == [4, 4, 4]
    assert not is_chain(infer(layers(*skipping), (3,)))


def problems_of(*configs: Any, inputs: Any = (3,)) -> list[str]:
    with pytest.raises(ConfigError) as caught:
        infer(layers(*configs), inputs)
    return [str(problem) for problem in caught.value.problems]


TWO: Any = {"size": ((2,), "float"), "word": ((4,), "int")}


@pytest.mark.parametrize(
    ("configs", "inputs", "lines"),
    [
        (
            [dense(4, name="first"), reading("add", "first", "frist"), reading("relu", "nothing")],
            (3,),
            [
                "layers[1].inputs[1]: there is no layer or input 'frist'; did you mean 'first'?",
                "layers[2].inputs[0]: there is no layer or input 'nothing'; there are input, first, add",
            ],
        ),
        (
            [dense(3, name="a", inputs=["b"]), reading("relu", "a", name="b"), dense(1)],
            (3,),
            ["layers[0].inputs: a layer cannot read its own output: 'a', which reads 'b', which reads 'a'"],
        ),
        (
            [dense(3), reading("add", "add", "dense")],
            (3,),
            ["layers[1].inputs: a layer cannot read its own output: 'add', which reads 'add'"],
        ),
        (
            [dense(3), dense(4), reading("add", "dense", "dense_1")],
            (3,),
            ["layers[2].inputs: add needs inputs of one shape, but these are 3 and 4"],
        ),
        (
            [dense(3), dense(4), dense(2, inputs=["dense"])],
            (3,),
            [
                "layers[1]: no layer reads 'dense_1', and the output is that of the last layer, 'dense_2'; "
                "name 'dense_1' among the inputs of a layer, or leave it out"
            ],
        ),
        (
            [dense(3), "add"],
            (3,),
            ["layers[1].inputs: add merges two or more inputs; name them, as in 'inputs: [input, dense]'"],
        ),
        (
            [dense(3), dense(4, inputs=["dense", "input"])],
            (3,),
            ["layers[1].inputs: dense reads one input, not 2; merge them with add or concatenate"],
        ),
        (
            [dense(3, activation={"type": "relu", "inputs": ["input"]})],
            (3,),
            [
                "layers[0].activation.inputs: an activation reads the layer that carries it; "
                "to name its inputs, make it a layer of its own"
            ],
        ),
        (
            [dense(3, name="input"), dense(3, inputs=["input"])],
            (3,),
            ["layers[1].inputs[0]: both a layer and an input of the dataset are named 'input'; rename the layer"],
        ),
        (
            [dense(3), dense(2)],
            TWO,
            ["layers[0]: the dataset has the inputs size, word; name those that this layer reads"],
        ),
        (
            [dense(3, inputs=["word"])],
            TWO,
            ["layers[0]: dense takes floats, but 'word' holds whole numbers; put embedding before it"],
        ),
        (
            [dense(3), {"type": "reshape", "target_shape": [1, 3]}, reading("concatenate", "reshape", "dense")],
            (3,),
            ["layers[2].inputs: concatenate needs inputs that differ along axis -1 only, but these are 1 x 3 and 3"],
        ),
        (
            [dense(3), reading("concatenate", "input", "dense", axis=2)],
            (3,),
            ["layers[1].axis: 2 is no axis of rows of 1; the last one is -1"],
        ),
    ],
)
def test_what_cannot_be_is_told_with_its_place(configs: list[Any], inputs: Any, lines: list[str]) -> None:
    assert problems_of(*configs, inputs=inputs) == lines


def test_a_layer_may_be_called_input_where_no_layer_names_its_inputs() -> None:
    nodes = infer(layers(dense(3, name="input"), dense(2)), (3,))
    assert [node.output_shape for node in nodes] == [(3,), (2,)]


def test_several_inputs_come_by_name_or_side_by_side() -> None:
    configs = [
        {"type": "embedding", "input_dim": 9, "output_dim": 2, "inputs": ["word"]},
        "flatten",
        dense(3, inputs=["size"], activation="relu"),
        reading("concatenate", "flatten", "dense"),
        dense(1),
    ]
    network = Network(layers(*configs), TWO)
    assert network.input_shape == (6,)
    rng = np.random.default_rng(0)
    size, word = rng.normal(size=(5, 2)).astype(np.float32), rng.integers(0, 9, (5, 4)).astype(np.int32)
    by_name = outputs(network, {"size": size, "word": word}, 5)
    side_by_side = outputs(network, np.concatenate([size, word], axis=1, dtype=np.float32), 5)
    np.testing.assert_array_equal(by_name, side_by_side)
    assert not np.array_equal(by_name, outputs(network, {"size": size, "word": word[::-1]}, 5))


def test_a_part_of_a_network_gives_what_the_whole_has_there() -> None:
    branch = BRANCHES["layers in another order"]
    network = Network(layers(*branch), (3,))
    network.initialize(np.random.default_rng(1))
    part = network.ending_at("left")
    assert [node.name for node in part.nodes] == ["stem", "left"]
    for name, array in part.arrays.items():
        np.testing.assert_array_equal(array, network.arrays[name])


NAMED_AS_THE_INPUT = [
    dense(3, name="input"),
    {"type": "gaussian_noise", "stddev": 0.5},
    dense(3, name="dataset_input"),
    "batch_normalization",
]


@pytest.mark.parametrize("branch", [*BRANCHES.values(), NAMED_AS_THE_INPUT], ids=[*BRANCHES, "named as the input"])
def test_a_network_for_inference_predicts_the_same_without_what_only_training_has(branch: list[Any]) -> None:
    network = Network(layers(*branch), (3,))
    network.initialize(np.random.default_rng(1))
    x = np.random.default_rng(2).normal(size=(4, 3)).astype(np.float32)
    inference, whole = network.for_inference(), predict(network, x)
    np.testing.assert_array_equal(predict(inference, x), whole)
    assert not any(node.layer.training_only or node.trainable_count for node in inference.nodes)
    assert inference.parameters is not network.parameters
    np.testing.assert_array_equal(predict(network.ending_at(network.nodes[-1].name), x), whole)


@pytest.mark.parametrize("pooling", [{"type": "max_pooling2d", "padding": "same"}, {"type": "global_max_pooling2d"}])
@pytest.mark.parametrize("relu_of_its_own", [False, True])
def test_relu_waits_for_the_maximum_where_nothing_else_reads_it(
    monkeypatch: pytest.MonkeyPatch, pooling: dict[str, Any], relu_of_its_own: bool
) -> None:
    convolution = {"type": "conv2d", "filters": 4, "kernel_size": 2}
    first = [convolution, {"type": "relu"}] if relu_of_its_own else [convolution | {"activation": "relu"}]
    described = layers(*first, pooling, {"type": "flatten"}, dense(2))
    x = np.random.default_rng(0).integers(-1, 2, (8, 6, 5)).astype(np.float32)  # many numbers are alike
    results = []
    for waits in (True, False):
        monkeypatch.setattr(Relu, "commutes_with_maximum", waits)
        network = Network(described, (6, 5))
        network.initialize(np.random.default_rng(1))
        stages = [stage.layer.type_name() for stage in Layout(network.nodes, (6, 5), training=True).stages]
        assert (stages.index("relu") > stages.index(pooling["type"])) == waits
        results.append(run(network, x, np.ones((8, 2), np.float32)))
    (y, gradients), (expected, expected_gradients) = results
    np.testing.assert_array_equal(y, expected)
    np.testing.assert_array_equal(gradients, expected_gradients)


def test_relu_does_not_wait_where_something_else_reads_it() -> None:
    described = [
        {"type": "conv2d", "filters": 4, "kernel_size": 2, "activation": "relu"},
        {"type": "global_max_pooling2d"},
        {"type": "global_average_pooling2d", "inputs": ["conv2d"]},
        {"type": "add", "inputs": ["global_max_pooling2d", "global_average_pooling2d"]},
    ]
    stages = Layout(infer(layers(*described), (6, 5)), (6, 5), training=True).stages
    assert [stage.layer.type_name() for stage in stages][:2] == ["conv2d", "relu"]


@pytest.mark.parametrize(("numbers", "best"), [(8, 10), (10, 10), (11, 100), (200, 100)])
def test_a_value_takes_the_smallest_buffer_that_is_large_enough_or_else_the_largest(numbers: int, best: int) -> None:
    assert min([50, 100, 10] if numbers <= 10 else [10, 100], key=lambda has: _fitness(has, numbers)) == best
