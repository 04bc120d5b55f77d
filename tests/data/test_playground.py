"""The four pictures, against what the formulas of TensorFlow Playground say about them."""

from pathlib import Path
from typing import get_args

import numpy as np
import pytest

from mltrain.data.datasets.playground import SHAPES, Playground, Shape

HERE = Path()
MANY = 20_000


def load(shape: Shape, noise: float = 0, samples: int = MANY, seed: int = 0):
    x, y = Playground(shape=shape, samples=samples, noise=noise).load(seed, HERE).train
    return x.astype(np.float64), y == 1


def sorted_rows(x: np.ndarray) -> np.ndarray:
    return x[np.lexsort(x.T)]


def test_there_is_a_picture_for_every_shape():
    assert set(SHAPES) == set(get_args(Shape)) == {"circle", "xor", "gaussian", "spiral"}


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("samples", [1, 2, 7, 500])
def test_there_are_as_many_points_as_asked_for(shape, samples):
    x, blue = load(shape, 0.1, samples)
    assert x.shape == (samples, 2)
    assert blue.shape == (samples,)


@pytest.mark.parametrize("shape", ["circle", "gaussian", "spiral"])
def test_half_of_the_points_are_blue(shape):
    assert load(shape, 0, 500)[1].sum() == 250
    assert load(shape, 0, 501)[1].sum() == 251


@pytest.mark.parametrize("shape", SHAPES)
def test_colours_are_mixed_from_the_start(shape):
    assert 30 < load(shape, 0, 200)[1][:100].sum() < 70


def test_samples_and_noise_have_the_defaults_of_the_playground():
    spec = Playground(shape="spiral")
    assert spec.samples == 500
    assert spec.noise == 0
    assert spec.row_spec(HERE).classes == ("orange", "blue")


def test_circle():
    x, blue = load("circle")
    distance = np.hypot(*x.T)
    np.testing.assert_array_equal(blue, distance < 2.5)
    assert distance[~blue].min() >= 3.5 - 1e-6
    assert distance.max() <= 5 + 1e-6
    # Distances are uniform, so both have their middle in the middle, and every direction is as likely.
    assert np.median(distance[blue]) == pytest.approx(1.25, abs=0.05)
    assert np.median(distance[~blue]) == pytest.approx(4.25, abs=0.03)
    np.testing.assert_allclose(x.mean(axis=0), 0, atol=0.05)


def test_noise_of_circle_changes_colours_near_the_edge_only():
    x, quiet = load("circle")
    noisy_x, noisy = load("circle", 0.3)
    np.testing.assert_array_equal(noisy_x, x)
    distance, reach = np.hypot(*x.T), 0.3 * 5 * 2**0.5
    changed = quiet != noisy
    assert distance[changed].min() > 2.5 - reach
    assert distance[changed].max() < 2.5 + reach
    # On the ring's inner rim, 1 from the blue disc, the shift must be to the inside and large: a tenth or so.
    rim = (distance > 3.5) & (distance < 3.6)
    assert 0.02 < changed[rim].mean() < 0.25
    assert changed.sum() < (load("circle", 0.5)[1] != quiet).sum()


def test_xor():
    x, blue = load("xor")
    np.testing.assert_array_equal(blue, x[:, 0] * x[:, 1] > 0)
    assert np.abs(x).min() >= 0.3 - 1e-6
    assert np.abs(x).max() <= 5.3 + 1e-6
    assert np.abs(x).mean() == pytest.approx(2.8, abs=0.03)
    assert blue.mean() == pytest.approx(0.5, abs=0.02)


def test_noise_of_xor_changes_the_colours_that_it_should():
    x, quiet = load("xor")
    noisy_x, noisy = load("xor", 0.5)
    np.testing.assert_array_equal(noisy_x, x)
    # A coordinate of size u in 0.3..5.3, uniform, changes its sign with probability (2.5 - u) / 5 if u < 2.5, and the
    # colour changes if exactly one of the two does.
    sign = (2.5 - 0.3) ** 2 / 2 / 5 / 5
    assert (quiet != noisy).mean() == pytest.approx(2 * sign * (1 - sign), abs=0.01)


@pytest.mark.parametrize(("noise", "variance"), [(0, 0.5), (0.25, 2.25), (0.5, 4)])
def test_gaussian(noise, variance):
    x, blue = load("gaussian", noise)
    for cloud, centre in ((x[blue], 2), (x[~blue], -2)):
        np.testing.assert_allclose(cloud.mean(axis=0), centre, atol=0.06)
        np.testing.assert_allclose(np.cov(cloud.T), variance * np.eye(2), atol=0.05 * max(variance, 1) * 1.5)


@pytest.mark.parametrize("samples", [10, 500])
def test_spiral(samples):
    x, blue = load("spiral", 0, samples)
    along = np.arange(samples // 2) / (samples // 2)
    turn = 1.75 * 2 * np.pi * along
    arm = 5 * along[:, None] * np.stack([np.sin(turn), np.cos(turn)], axis=1)
    np.testing.assert_allclose(sorted_rows(x[blue]), sorted_rows(arm.astype(np.float32)), atol=1e-6)
    # Half a turn is the point across the centre.
    np.testing.assert_allclose(sorted_rows(x[~blue]), sorted_rows(-arm.astype(np.float32)), atol=1e-5)


def test_noise_of_spiral_shifts_points_evenly():
    quiet, blue = load("spiral")
    noisy, noisy_blue = load("spiral", 0.5)
    np.testing.assert_array_equal(blue, noisy_blue)
    shift = noisy - quiet
    assert np.abs(shift).max() <= 0.5 + 1e-6
    np.testing.assert_allclose(shift.mean(axis=0), 0, atol=0.01)
    np.testing.assert_allclose(shift.var(axis=0), 0.5**2 / 3, atol=0.005)
