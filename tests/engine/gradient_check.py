"""Are gradients right? Along a few random directions, the slope that they promise against the one that is measured.

The check by random projection is that of HIPS autograd: one number compared for each direction, whatever the number of
parameters, and a wrong gradient shows in almost every direction.
"""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from mltrain.engine.arrays import Shape, size
from mltrain.engine.layers.base import Layer
from mltrain.engine.layers.dense import Dense
from mltrain.engine.layers.reshape import Reshape
from mltrain.engine.network import Network
from mltrain.engine.plan import BoundBatch, Plan

DIRECTIONS, STEP, TOLERANCE = 5, 1e-6, 1e-7
"""A central difference in float64 is wrong by about 1e-10 / STEP + STEP^2, relative to values around 1."""


def check_layer(layer: Layer) -> None:
    """Check the gradients of a layer's parameters and of its input, in float64. Raises AssertionError.

    The input's gradient is seen in the parameters of a dense layer before it.
    """
    check_layers(behind_dense(layer))


def check_layers(layers: Sequence[Layer], rows: int = 4) -> None:
    """Check the gradients of all parameters of a network for rows of three numbers. Raises AssertionError."""
    network = Network(layers, (3,), dtype=np.float64)
    rng = np.random.default_rng(1)
    network.parameters[:] = rng.normal(size=network.parameters.size)
    x, weights = rng.normal(size=(rows, 3)), rng.normal(size=(rows, *network.output_shape))

    def weighted_output(parameters: Any) -> float:
        network.parameters[:] = parameters
        return float(np.sum(weights * run(network, x, weights)[0]))

    start = network.parameters.copy()
    gradients = run(network, x, weights)[1]
    compare(weighted_output, start, gradients)


def behind_dense(layer: Layer) -> list[Layer]:
    """A network for rows of three numbers that ends with ``layer``, whose input depends on parameters."""
    shape = layer.example_input
    return [Dense(units=size(shape), name="before"), Reshape(target_shape=shape, name="shaped"), layer]


def training_pass(network: Network, x: Any, y: Any, gradients: Any) -> BoundBatch:
    """One batch, bound for training; layers that are random are so in the same way each time."""
    return Plan(network, len(x), gradients=gradients).bind(x, y, np.random.default_rng(0))


def run(network: Network, x: Any, dy: Any) -> tuple[Any, Any]:
    """The output of a training pass, and the flat gradient of its sum weighted by ``dy``."""
    gradients = np.zeros_like(network.parameters)
    y = np.empty((len(x), *network.output_shape), network.parameters.dtype)
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
    network = Network(layers, shape, dtype=x.dtype)
    network.initialize(np.random.default_rng(0))
    y = np.empty((len(x), *network.output_shape), x.dtype)
    for call in Plan(network, len(x)).bind(x, y).forward:
        call.run()
    return y


def compare(function: Callable[[Any], float], start: Any, gradient: Any) -> None:
    """Compare ``gradient`` with measured slopes of ``function`` at ``start``. Raises AssertionError."""
    rng = np.random.default_rng(2)
    for _ in range(DIRECTIONS):
        direction = rng.normal(size=start.shape)
        direction /= np.linalg.norm(direction)
        ahead, back = function(start + STEP * direction), function(start - STEP * direction)
        promised, measured = float(np.sum(gradient * direction)), (ahead - back) / (2 * STEP)
        assert abs(promised - measured) <= TOLERANCE * (1 + abs(measured)), (promised, measured)
