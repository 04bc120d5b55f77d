"""Gradients by the input against finite differences, in float64, through layers of every kind that images meet."""

import numpy as np
import pytest

from mltrain.backends.default import default_backend
from mltrain.config.convert import convert
from mltrain.data.preprocessing import Scaling
from mltrain.engine.layers.base import Layer
from mltrain.engine.network import Network
from mltrain.engine.plan import Plan

BODIES = {
    "dense": [{"type": "flatten"}, {"type": "dense", "units": 7, "activation": "tanh"}],
    "convolutions": [
        {"type": "random_flip"},
        {"type": "conv2d", "filters": 4, "kernel_size": 3, "padding": "same", "use_bias": False},
        "batch_normalization",
        "relu",
        {"type": "dropout", "rate": 0.5},
        "max_pooling2d",
        {"type": "depthwise_conv2d", "kernel_size": 2, "activation": "sigmoid"},
        "flatten",
        {"type": "gaussian_noise", "stddev": 0.4},
    ],
    "residual": [
        {
            "type": "residual",
            "layers": [
                {"type": "conv2d", "filters": 5, "kernel_size": 3, "strides": 2, "padding": "same"},
                "layer_normalization",
                "tanh",
            ],
        },
        "global_average_pooling2d",
    ],
    "branches": [
        {"type": "conv2d", "filters": 3, "kernel_size": 2, "name": "left", "inputs": ["input"]},
        {"type": "average_pooling2d", "pool_size": 2, "strides": 1, "name": "right", "inputs": ["input"]},
        {"type": "dropout", "rate": 0.5, "name": "dropped"},
        {"type": "concatenate", "inputs": ["left", "dropped"]},
        "flatten",
    ],
}


def made(body, last):
    layers = [convert(Layer, layer) for layer in [*BODIES[body], last]]
    network = Network(layers, (6, 5, 3), dtype=np.float64)
    network.parameters[...] = np.random.default_rng(2).normal(0.3, 0.4, network.parameters.shape)
    for name, array in network.arrays.items():
        if name.endswith("moving_variance"):
            array[...] = np.abs(array) + 0.1
    return network


def scores(network, x):
    """The outputs outside of training, in float64."""
    y = np.empty((len(x), *network.output_shape))
    for call in Plan(network, len(x)).bind(x, y).forward:
        call.run()
    return y


@pytest.mark.parametrize("activation", ["linear", "softmax", "step"])
@pytest.mark.parametrize("body", BODIES)
def test_gradients_are_those_of_finite_differences(body, activation):
    units = {"type": "dense", "name": "last", "units": 4}
    network = made(body, {**units, "activation": activation})
    before = made(body, units)
    before.parameters[...] = network.parameters
    rng = np.random.default_rng(3)
    x = rng.uniform(0, 255, (2, 6, 5, 3)).astype(np.uint8).astype(np.float32)
    weights = rng.normal(size=(2, 4))
    found = default_backend().input_gradients(network, x, weights, Scaling(scale=1 / 64, shift=100.0))
    assert (found.shape, found.dtype) == ((2, 6, 5, 3), np.float64)
    scaled = Scaling(scale=1 / 64, shift=100.0).applied(x).astype(np.float64)
    expected, small = np.empty_like(scaled), 1e-6
    for place in np.ndindex(scaled.shape):
        ends = []
        for step in (small, -small):
            moved = scaled.copy()
            moved[place] += step
            ends.append((scores(before, moved) * weights).sum())
        expected[place] = (ends[0] - ends[1]) / (2 * small)
    np.testing.assert_allclose(found, expected, atol=1e-6 * np.abs(expected).max())


def test_many_rows_are_taken_in_blocks_and_the_network_stays_as_it_is(monkeypatch):
    network = made("convolutions", {"type": "dense", "units": 4, "activation": "softmax"})
    x = np.random.default_rng(5).normal(size=(7, 6, 5, 3)).astype(np.float32)
    weights, before = np.ones((7, 4)), network.parameters.copy()
    whole = default_backend().input_gradients(network, x, weights)
    monkeypatch.setattr("mltrain.backends.numpy.input_gradients.block_rows", lambda network: 3)
    np.testing.assert_allclose(default_backend().input_gradients(network, x, weights), whole, rtol=1e-12)
    np.testing.assert_array_equal(network.parameters, before)
    assert default_backend().input_gradients(network, x[:0], weights[:0]).shape == (0, 6, 5, 3)
