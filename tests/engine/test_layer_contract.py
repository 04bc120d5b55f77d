"""What every layer and activation must do, whichever it is."""

import math
import re
import tracemalloc
from typing import Any, ClassVar

import numpy as np
import pytest
from gradient_check import (
    behind_dense,
    check_layer,
    check_layers,
    example_inputs,
    example_rows,
    network_of,
    outputs,
    predict,
    run,
    training_pass,
)
from spec_examples import examples, label

from mltrain.config.convert import convert
from mltrain.engine.activations._normal import cumulative
from mltrain.engine.activations.base import Activation
from mltrain.engine.activations.tanh import Tanh
from mltrain.engine.arrays import size
from mltrain.engine.layers.base import Buffers, Layer
from mltrain.engine.network import Network
from mltrain.engine.plan import Plan

LAYERS = examples(Layer)
every_layer = pytest.mark.parametrize("layer", LAYERS, ids=label)


ROWS = 5


def rows_for(layer: Layer, rows: int = ROWS) -> Any:
    """Rows for each input of a layer, by name."""
    return {
        name: example_rows(layer, shape, rows, seed) for seed, (name, shape) in enumerate(example_inputs(layer).items())
    }


def first_run(layer: Layer, x: Any) -> tuple[Any, Any]:
    network = network_of(layer)
    network.initialize(np.random.default_rng(0))
    rows = len(next(iter(x.values())))
    return run(network, x, np.ones((rows, *network.output_shape), np.float32))


def test_families_hold_what_the_documentation_names() -> None:
    activations = "relu leaky_relu elu gelu sigmoid tanh softplus softmax step linear"
    assert set(activations.split()) <= set(Activation.family.names())
    others = "dense flatten reshape dropout add concatenate multiply average batch_normalization embedding"
    assert set(f"{others} {activations}".split()) <= set(Layer.family.names())
    assert len(LAYERS) >= len(Layer.family.names()), "every layer needs an example"


@every_layer
def test_gradients_are_right(layer: Layer) -> None:
    check_layer(layer)


@pytest.mark.parametrize(
    "layer", [one for one in LAYERS if one.inputs is None and one.output_shape(one.example_input) == (6,)], ids=label
)
def test_gradients_are_right_where_layers_share_buffers(layer: Layer) -> None:
    dense, dropout, relu = (
        convert(Layer, one) for one in ({"type": "dense", "units": 6}, {"type": "dropout", "rate": 0.3}, "relu")
    )
    check_layers([dense, layer, dropout, layer, relu, dense, layer, layer, dense])


class WrongTanh(Tanh):
    """A tanh whose gradient is 1% too large."""

    def backward(self, at: Buffers) -> None:
        super().backward(at)
        assert at.dx is not None
        np.multiply(at.dx, 1.01, out=at.dx)


def test_gradient_check_catches_a_wrong_gradient() -> None:
    with pytest.raises(AssertionError):
        check_layer(WrongTanh())


@every_layer
def test_output_has_the_promised_shape(layer: Layer) -> None:
    network = network_of(layer)
    shapes = list(example_inputs(layer).values())
    assert network.output_shape == layer.merged_shape(shapes)
    y = outputs(network, rows_for(layer), ROWS)  # raises where what is computed does not fit y
    assert np.isfinite(y).all()
    assert {name: array.shape for name, array in network.arrays.items()} == {
        f"{layer.type_name()}.{name}": parameter.shape for name, parameter in layer.parameters(shapes[0]).items()
    }


@every_layer
def test_rows_together_give_what_they_give_alone(layer: Layer) -> None:
    x = rows_for(layer)
    together = outputs(network_of(layer), x, ROWS)
    alone = np.concatenate(
        [
            outputs(network_of(layer), {name: rows[number : number + 1] for name, rows in x.items()}, 1)
            for number in range(ROWS)
        ]
    )
    np.testing.assert_allclose(together, alone, rtol=1e-5, atol=1e-6)


@every_layer
def test_what_is_written_are_outputs_gradients_and_in_training_statistics(layer: Layer) -> None:
    x = rows_for(layer)
    network = network_of(layer)
    network.initialize(np.random.default_rng(0))
    first = network.parameters.copy()
    for rows in x.values():
        rows.flags.writeable = False
    y = np.empty((ROWS, *network.output_shape), np.float32)
    network.parameters.flags.writeable = False
    for call in Plan(network, ROWS).bind(x, y).forward:
        call.run()
    network.parameters.flags.writeable = True
    np.testing.assert_array_equal(network.parameters, first)

    bound = training_pass(network, x, y, np.zeros_like(first))
    for call in bound.forward:
        call.run()
    trained = network.parameters.copy()
    statistics = np.zeros(first.shape, np.bool_)
    for part in network.statistics:
        statistics[part] = True
    np.testing.assert_array_equal(trained[~statistics], first[~statistics])
    assert (trained[statistics] != first[statistics]).all()
    bound.dz[...] = 1
    network.parameters.flags.writeable = False
    for call in bound.backward:
        call.run()
    np.testing.assert_array_equal(network.parameters, trained)


class Watched(np.ndarray[Any, Any]):
    """An array that notes the float types of all that it is computed with, and of what comes out."""

    seen: ClassVar[set[np.dtype[Any]]] = set()

    def __array_ufunc__(self, ufunc: Any, method: str, *inputs: Any, out: Any = (), **options: Any) -> Any:
        plain = [np.asarray(value) if isinstance(value, Watched) else value for value in inputs]
        result = getattr(ufunc, method)(*plain, **options)  # without out, which would hide the type
        numbers = [value for value in (*plain, result) if isinstance(value, np.ndarray | np.generic)]
        self.seen.update(value.dtype for value in numbers if value.dtype.kind == "f")
        if not out:
            return result.view(Watched) if isinstance(result, np.ndarray) else result
        np.copyto(np.asarray(out[0]), result)
        return out[0]


def float_types(layer: Layer) -> set[np.dtype[Any]]:
    """The float types in which a layer's element-wise operations compute, where all its buffers are float32."""
    network = network_of(layer) if layer.takes_integers else Network(behind_dense(layer), (3,))
    network.initialize(np.random.default_rng(0))
    x: Any = rows_for(layer) if layer.takes_integers else np.ones((5, 3), np.float32)
    y = np.empty((5, *network.output_shape), np.float32)
    bound = training_pass(network, x, y, np.zeros_like(network.parameters))
    bound.dz[...] = 1
    Watched.seen.clear()
    for call in (*bound.forward, *bound.backward):
        if (at := call.at) is None:
            continue
        for name in ("x", "y", "dy", "dx"):
            setattr(at, name, getattr(at, name).view(Watched))
        at.xs = tuple(array.view(Watched) for array in at.xs)
        at.dxs = tuple(None if array is None else array.view(Watched) for array in at.dxs)
        at.parameters = {name: array.view(Watched) for name, array in at.parameters.items()}
        at.saved = {name: array.view(Watched) for name, array in at.saved.items()}
        at.scratch = {name: array.view(Watched) for name, array in at.scratch.items()}
        call.run()
    return Watched.seen


class Widening(Tanh):
    """A tanh that computes in float64."""

    def forward(self, at: Buffers) -> None:
        np.multiply(at.x, np.float64(1), out=at.y)


@every_layer
def test_float32_stays_float32(layer: Layer) -> None:
    assert float_types(layer) <= {np.dtype(np.float32)}
    assert float_types(Widening()) == {np.dtype(np.float32), np.dtype(np.float64)}


@every_layer
def test_same_seed_gives_the_same_bytes(layer: Layer) -> None:
    x = rows_for(layer)
    (y, gradients), (again, gradients_again) = first_run(layer, x), first_run(layer, x)
    assert y.tobytes() == again.tobytes()
    assert gradients.tobytes() == gradients_again.tobytes()


ACTIVATIONS = examples(Activation)


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=label)
def test_activation_stays_in_its_range_and_comes_near_both_ends(activation: Activation) -> None:
    grid = np.concatenate((np.linspace(-30, 30, 6001), [-1e4, 1e4])).astype(np.float32)
    with np.errstate(over="ignore"):  # as while training: exp may overflow on the way to a correct 0
        y = predict([activation], (2,), np.stack((grid, np.zeros_like(grid)), axis=1))
    for end, reached in zip(activation.output_range(), (y.min(), y.max()), strict=True):
        if np.isinf(end):
            assert abs(reached) > 10
        else:
            assert reached == pytest.approx(end, abs=1e-3)
    assert y.min() >= activation.output_range()[0]
    assert y.max() <= activation.output_range()[1]


@pytest.mark.parametrize("activation", ACTIVATIONS, ids=label)
def test_activation_of_extreme_inputs_is_a_number(activation: Activation) -> None:
    x = np.array([[-1e30, 1e4, 1e30], [-1e4, 0, 1e-30]], np.float32)
    with np.errstate(over="ignore"):  # as while training: exp may overflow on the way to a correct 0
        assert np.isfinite(predict([activation], (3,), x)).all()


@pytest.mark.parametrize(("dtype", "error"), [(np.float32, 2e-7), (np.float64, 2e-15)])
def test_normal_distribution_is_right_to_within_rounding(dtype: Any, error: float) -> None:
    x = np.linspace(-12, 12, 40_001).astype(dtype)  # more than one block of numbers
    found = np.empty_like(x)
    cumulative(x, out=found)
    exact = np.array([math.erfc(-number / math.sqrt(2)) / 2 for number in x.tolist()])
    np.testing.assert_allclose(found, exact, rtol=0, atol=error)
    np.testing.assert_allclose(found, exact, rtol=2e-5 if dtype is np.float32 else 1e-13, atol=0)


def test_dense_refuses_what_is_not_a_row_of_numbers() -> None:
    with pytest.raises(ValueError, match=re.escape("its input is 28 x 28; put flatten before it")):
        convert(Layer, {"type": "dense", "units": 3}).output_shape((28, 28))


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ([4, 2], "the input is 2 x 3 = 6 numbers, which cannot be laid out as 4 x 2"),
        ([4, -1], "the input is 2 x 3 = 6 numbers, which cannot be laid out as 4 x -1"),
        ([-1, -1], "at most one length may be -1, and none 0"),
        ([0, 6], "at most one length may be -1, and none 0"),
    ],
)
def test_reshape_refuses_what_does_not_fit(target: list[int], message: str) -> None:
    with pytest.raises(ValueError, match=f"^{re.escape(message)}$"):
        convert(Layer, {"type": "reshape", "target_shape": target}).output_shape((2, 3))


def test_dropout_keeps_the_mean_and_drops_its_share() -> None:
    layer = convert(Layer, {"type": "dropout", "rate": 0.3})
    x = np.ones((1000, *layer.example_input), np.float32)
    y, _ = first_run(layer, {"input": x})
    assert (y == 0).mean() == pytest.approx(0.3, abs=0.02)
    assert set(np.unique(y)) == {np.float32(0), np.float32(1 / 0.7)}
    np.testing.assert_array_equal(predict([layer], layer.example_input, x), x)


ALLOCATED = {
    "dropout": 2.2,  # random bits
    "embedding": 25,  # to sort ids
    "multiply": 9,  # gradients of inputs that are repeated
    "softmax": 9,  # products with the scores of a few classes
    **dict.fromkeys(("random_rotation", "random_translation", "random_zoom"), 1.3),  # six numbers an image
}
"""Bytes for each number that these may allocate."""


@every_layer
def test_a_step_allocates_less_than_the_layer_returns(layer: Layer) -> None:
    """What grows with the rows of a batch is planned: less than a mask of a byte for each number is allocated."""
    peaks = {}
    for rows in (4_000, 8_000):
        network = network_of(layer) if layer.takes_integers else Network(behind_dense(layer), (3,))
        network.initialize(np.random.default_rng(0))
        x = rows_for(layer, rows) if layer.takes_integers else np.zeros((rows, 3), np.float32)
        y = np.empty((rows, *network.output_shape), np.float32)
        bound = training_pass(network, x, y, np.zeros_like(network.parameters))
        bound.dz[...] = 1
        for call in (*bound.forward, *bound.backward):  # what the first step sets up does not count
            call.run()
        tracemalloc.start()
        try:
            for call in (*bound.forward, *bound.backward):
                call.run()
            peaks[rows] = tracemalloc.get_traced_memory()[1]
        finally:
            tracemalloc.stop()
    numbers = max(size(network.output_shape), *map(size, example_inputs(layer).values()))
    most = ALLOCATED.get(layer.type_name(), 0.8)
    assert peaks[8_000] - peaks[4_000] <= 4_000 * numbers * most
