"""Are gradients right? Along a few random directions, the slope that they promise against the one that is measured.

The check by random projection is that of HIPS autograd: one number compared for each direction, whatever the number of
parameters, and a wrong gradient shows in almost every direction.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
from msgspec.structs import replace

from mltrain.engine.arrays import Shape, size
from mltrain.engine.layers.base import Layer
from mltrain.engine.layers.dense import Dense
from mltrain.engine.layers.reshape import Reshape
from mltrain.engine.network import Network
from mltrain.engine.plan import BoundBatch, Plan

DIRECTIONS, STEP, TOLERANCE = 5, 1e-6, 1e-7
"""A central difference in float64 is wrong by about 1e-10 / STEP + STEP^2, relative to values around 1."""


def check_layer(layer: Layer) -> None:
    """Check the gradients of a layer's parameters and of its inputs, in float64. Raises AssertionError.

    The gradient of an input is seen in the parameters of a dense layer before it; whole numbers have none.
    """
    if layer.takes_integers:
        rows = 4
        x = {name: example_rows(layer, shape, rows) for name, shape in example_inputs(layer).items()}
        check_network(network_of(layer, dtype=np.float64), x, rows)
    else:
        check_layers(behind_dense(layer))


def check_layers(layers: Sequence[Layer], rows: int = 4) -> None:
    """Check the gradients of all parameters of a network for rows of three numbers. Raises AssertionError."""
    x = np.random.default_rng(5).normal(size=(rows, 3))
    check_network(Network(layers, (3,), dtype=np.float64), x, rows)


def check_network(network: Network, x: Any, rows: int) -> None:
    """Check the gradients of all trainable parameters of a network in float64. Raises AssertionError."""
    rng = np.random.default_rng(1)
    network.parameters[:] = rng.uniform(0.5, 2, size=network.parameters.size)  # a variance is positive
    for part in network.trainable:
        network.parameters[part] = rng.normal(size=part.stop - part.start)
    weights = rng.normal(size=(rows, *network.output_shape))
    trained = np.concatenate([np.arange(part.start, part.stop) for part in (slice(0, 0), *network.trainable)])

    def weighted_output(parameters: Any) -> float:
        network.parameters[trained] = parameters
        return float(np.sum(weights * run(network, x, weights)[0]))

    start = network.parameters[trained].copy()
    gradients = run(network, x, weights)[1]
    compare(weighted_output, start, gradients[trained])


def example_inputs(layer: Layer) -> dict[str, Shape]:
    """The inputs that a layer's example reads, by name."""
    if layer.inputs is None:
        return {"input": layer.example_input}
    return dict(zip(layer.inputs, layer.example_inputs, strict=False))


def example_rows(layer: Layer, shape: Shape, rows: int, seed: int = 3) -> Any:
    """Rows that a layer can take: floats, or whole numbers where it takes these."""
    rng = np.random.default_rng(seed)
    if layer.takes_integers:
        return rng.integers(0, 5, size=(rows, *shape)).astype(np.int32)
    return rng.normal(size=(rows, *shape)).astype(np.float32)


def network_of(layer: Layer, dtype: Any = np.float32) -> Network:
    """A network of one layer, whose inputs are those of its example."""
    kind: Any = "int" if layer.takes_integers else "float"
    return Network([layer], {name: (shape, kind) for name, shape in example_inputs(layer).items()}, dtype=dtype)


def behind_dense(layer: Layer) -> list[Layer]:
    """A network for rows of three numbers that ends with ``layer``, whose inputs depend on parameters."""
    before: list[Layer] = []
    for name, shape in example_inputs(layer).items():
        before += [
            Dense(units=size(shape), name=f"before_{name}", inputs=("input",)),
            Reshape(target_shape=shape, name=f"shaped_{name}"),
        ]
    return [*before, replace(layer, inputs=tuple(f"shaped_{name}" for name in example_inputs(layer)))]


def training_pass(network: Network, x: Any, y: Any, gradients: Any) -> BoundBatch:
    """One batch, bound for training; layers that are random are so in the same way each time."""
    return Plan(network, len(y), gradients=gradients).bind(x, y, np.random.default_rng(0))


def run(network: Network, x: Any, dy: Any) -> tuple[Any, Any]:
    """The output of a training pass, and the flat gradient of its sum weighted by ``dy``."""
    gradients = np.zeros_like(network.parameters)
    y = np.empty((len(dy), *network.output_shape), network.parameters.dtype)
    bound = training_pass(network, x, y, gradients)
    for call in bound.forward:
        call.run()
    y = y.copy()
    bound.dz[...] = dy
    for call in bound.backward:
        call.run()
    return y, gradients


def predict(layers: Sequence[Layer], shape: Shape, x: Any) -> Any:
    """Outputs outside of training, for the first weights of a fixed seed."""
    return outputs(Network(layers, shape, dtype=x.dtype), x, len(x))


def outputs(network: Network, x: Any, rows: int) -> Any:
    """Outputs outside of training, for the first weights of a fixed seed."""
    network.initialize(np.random.default_rng(0))
    y = np.full((rows, *network.output_shape), np.nan, network.parameters.dtype)
    for call in Plan(network, rows).bind(x, y).forward:
        call.run()
    return y


def compare(function: Callable[[Any], float], start: Any, gradient: Any) -> None:
    """Compare ``gradient`` with measured slopes of ``function`` at ``start``. Raises AssertionError."""
    rng = np.random.default_rng(2)
    for _ in range(DIRECTIONS):
        direction = rng.normal(size=start.shape)
        direction /= np.linalg.norm(direction) or 1
        ahead, back = function(start + STEP * direction), function(start - STEP * direction)
        promised, measured = float(np.sum(gradient * direction)), (ahead - back) / (2 * STEP)
        assert abs(promised - measured) <= TOLERANCE * (1 + abs(measured)), (promised, measured)
