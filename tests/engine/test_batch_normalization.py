"""Batch statistics: what training learns of them, and several processes that have the rows of a batch between them."""

import threading
from typing import Any

import numpy as np
import pytest
from gradient_check import check_network, outputs, run

from mltrain.config.convert import convert
from mltrain.engine.layers.base import BatchShare, Layer
from mltrain.engine.network import Network
from mltrain.engine.plan import Plan


def normalized(shape: tuple[int, ...], dtype: Any = np.float32, **options: Any) -> Network:
    layer = convert(Layer, {"type": "batch_normalization", **options})
    network = Network([layer], shape, dtype=dtype)
    network.initialize(np.random.default_rng(0))
    return network


@pytest.mark.parametrize("shape", [(4,), (3, 4), (2, 3, 4)])
def test_each_feature_gets_mean_0_and_variance_1(shape: tuple[int, ...]) -> None:
    network = normalized(shape, momentum=0.75, epsilon=1e-6)
    x = np.random.default_rng(0).normal(5, 3, size=(50, *shape)).astype(np.float32)
    y, _ = run(network, x, np.ones_like(x))
    rows = y.reshape(-1, 4)
    np.testing.assert_allclose(rows.mean(axis=0), 0, atol=1e-5)
    np.testing.assert_allclose(rows.var(axis=0), 1, rtol=1e-4)
    features = x.reshape(-1, 4)
    np.testing.assert_allclose(network.arrays["batch_normalization.moving_mean"], features.mean(axis=0) / 4, rtol=1e-5)
    np.testing.assert_allclose(
        network.arrays["batch_normalization.moving_variance"], 0.75 + features.var(axis=0) / 4, rtol=1e-5
    )


@pytest.mark.parametrize("shape", [(3, 4), (2, 3, 4)])
def test_gradients_are_right_where_rows_have_positions(shape: tuple[int, ...]) -> None:
    layers = [
        convert(Layer, one)
        for one in ({"type": "dense", "units": int(np.prod(shape))}, {"type": "reshape", "target_shape": list(shape)})
    ]
    network = Network([*layers, convert(Layer, "batch_normalization")], (3,), dtype=np.float64)
    check_network(network, np.random.default_rng(0).normal(size=(4, 3)), 4)


def test_outside_of_training_the_moving_statistics_are_used() -> None:
    network = normalized((2,), epsilon=1.0)
    x = np.array([[1, 2], [3, 4]], np.float32)
    mean, variance = (
        network.arrays["batch_normalization.moving_mean"],
        network.arrays["batch_normalization.moving_variance"],
    )
    gamma, beta = network.arrays["batch_normalization.gamma"], network.arrays["batch_normalization.beta"]
    mean[:], variance[:], gamma[:], beta[:] = [1, 2], [3, 8], [2, 3], [10, 20]
    y = np.empty_like(x)
    for call in Plan(network, 2).bind(x, y).forward:
        call.run()
    np.testing.assert_allclose(y, [[10, 20], [12, 22]], rtol=1e-6)


def test_frozen_it_is_outside_of_training_in_training_too() -> None:
    network = normalized((2,), trainable=False)
    x = np.array([[1, 2], [3, 4]], np.float32)
    y, gradients = run(network, x, np.ones_like(x))
    np.testing.assert_array_equal(y, outputs(network, x, 2))
    assert not gradients.any()
    assert network.statistics == []
    assert network.trainable == []


def test_statistics_and_trained_parameters_are_apart() -> None:
    network = normalized((3,))
    assert network.trainable == [slice(0, 6)]
    assert network.statistics == [slice(6, 12)]


def test_processes_that_share_the_rows_find_what_one_finds() -> None:
    """Two threads have three and five rows of a batch of eight; their sums are added up at a barrier."""
    rng = np.random.default_rng(2)
    x, dy = rng.normal(size=(8, 2, 3)), rng.normal(size=(8, 2, 3))
    layers = [convert(Layer, {"type": "batch_normalization", "gamma_initializer": "random_normal"})] * 2
    alone, *shared = (Network(layers, (2, 3), dtype=np.float64) for _ in range(3))
    for network in (alone, *shared):
        network.initialize(np.random.default_rng(0))
    expected, gradients = run(alone, x, dy)

    barrier, handed_in = threading.Barrier(2, timeout=60), [np.empty(0)] * 2
    found: list[Any] = [None, None]

    def work(rank: int, rows: slice) -> None:
        def all_reduce(array: Any) -> None:
            handed_in[rank] = array.copy()
            barrier.wait()
            array[...] = handed_in[0] + handed_in[1]
            barrier.wait()

        own, y = np.zeros_like(gradients), np.empty_like(x[rows])
        share = BatchShare(rows.start, 8, all_reduce)
        bound = Plan(shared[rank], len(y), gradients=own).bind(x[rows], y, None, share)
        for call in bound.forward:
            call.run()
        bound.dz[...] = dy[rows]
        for call in bound.backward:
            call.run()
        found[rank] = y, own

    threads = [threading.Thread(target=work, args=(rank, rows)) for rank, rows in enumerate((slice(0, 3), slice(3, 8)))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    np.testing.assert_allclose(np.concatenate([found[0][0], found[1][0]]), expected, rtol=1e-12, atol=1e-12)
    np.testing.assert_allclose(found[0][1] + found[1][1], gradients, rtol=1e-12, atol=1e-12)
    for network in shared:
        np.testing.assert_allclose(network.parameters, alone.parameters, rtol=1e-12, atol=1e-12)
