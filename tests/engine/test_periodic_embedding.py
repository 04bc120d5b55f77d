"""The periodic embedding against its formula, computed in float64 one number at a time."""

import math

import numpy as np
import pytest

from mltrain.engine.layers.base import ShapeError
from mltrain.engine.layers.periodic_embedding import PeriodicEmbedding
from mltrain.engine.network import Network
from mltrain.engine.plan import Plan

LAYER = PeriodicEmbedding(output_dim=3, frequencies=5, stddev=0.7)
X = np.random.default_rng(1).normal(size=(4, 2)).astype(np.float32)


def embedded(network: Network, x: np.ndarray) -> np.ndarray:
    """The formula of the layer's description."""
    frequencies, phases, kernel, bias = (
        network.arrays[f"periodic_embedding.{name}"].astype(np.float64)
        for name in ("frequencies", "phases", "kernel", "bias")
    )
    rows = []
    for row in x.astype(np.float64):
        numbers = []
        for index, number in enumerate(row):
            cosines = [
                math.cos(2 * math.pi * number * frequencies[index, k] + phases[index, k])
                for k in range(frequencies.shape[1])
            ]
            sums = [
                sum(cosine * kernel[index, k, place] for k, cosine in enumerate(cosines)) + bias[index, place]
                for place in range(bias.shape[1])
            ]
            numbers += [number, *sums]
        rows.append(numbers)
    return np.array(rows)


def test_outputs_are_those_of_the_formula() -> None:
    network = Network([LAYER], (2,))
    network.initialize(np.random.default_rng(0))
    network.arrays["periodic_embedding.bias"][...] = [[0.1, 0.2], [0.3, 0.4]]
    y = np.empty((4, 6), np.float32)
    for call in Plan(network, 4).bind(X, y).forward:
        call.run()
    np.testing.assert_allclose(y, embedded(network, X), rtol=1e-5, atol=1e-5)


def test_first_values_are_spread_as_in_the_paper() -> None:
    network = Network([PeriodicEmbedding(frequencies=400, output_dim=4, stddev=0.7)], (50,))
    network.initialize(np.random.default_rng(0))
    arrays = {name.partition(".")[2]: array for name, array in network.arrays.items()}
    assert arrays["frequencies"].std() == pytest.approx(0.7, rel=0.02)
    assert arrays["phases"].min() == pytest.approx(-math.pi, rel=0.01)
    assert arrays["phases"].max() == pytest.approx(math.pi, rel=0.01)
    assert np.abs(arrays["kernel"]).max() == pytest.approx(1 / math.sqrt(400), rel=0.01)
    assert not arrays["bias"].any()


def test_rows_that_are_no_line_of_numbers_are_refused() -> None:
    with pytest.raises(ShapeError, match="its input is 2 x 3; put flatten before it"):
        LAYER.output_shape((2, 3))
