"""Random transformations of images: where each number goes, what is outside, and that rows differ."""

from typing import Any

import numpy as np
import pytest
from gradient_check import training_pass

from mltrain.config.convert import convert
from mltrain.engine.layers.base import Layer
from mltrain.engine.network import Network
from mltrain.engine.plan import Plan


def trained_on(options: dict[str, Any], x: Any) -> Any:
    """The images as a training step sees them."""
    network = Network([convert(Layer, options)], x.shape[1:], dtype=x.dtype)
    y = np.empty_like(x)
    bound = training_pass(network, x, y, np.zeros_like(network.parameters))
    for call in bound.forward:
        call.run()
    return y


IMAGE = np.arange(1.0, 13).reshape(1, 3, 4)
SQUARE = np.arange(1.0, 10).reshape(1, 3, 3)


@pytest.mark.parametrize(
    ("fill_mode", "first"),
    [("constant", [0, 0, 1, 2]), ("nearest", [1, 1, 1, 2]), ("reflect", [2, 1, 1, 2]), ("wrap", [3, 4, 1, 2])],
)
def test_a_translation_moves_to_the_right_and_fills_the_left(fill_mode: str, first: list[float]) -> None:
    options = {"type": "random_translation", "height_factor": 0, "width_factor": [0.5, 0.5], "fill_mode": fill_mode}
    assert trained_on(options, IMAGE)[0, 0].tolist() == first


def test_a_translation_moves_down_by_a_share_of_the_height() -> None:
    options = {"type": "random_translation", "height_factor": [1 / 3, 1 / 3], "width_factor": 0}
    moved = trained_on(options | {"fill_mode": "constant", "fill_value": 7}, IMAGE)[0]
    np.testing.assert_allclose(moved, [[7] * 4, [1, 2, 3, 4], [5, 6, 7, 8]])


def test_between_two_numbers_it_is_interpolated_or_the_nearest() -> None:
    options = {"type": "random_translation", "height_factor": 0, "width_factor": [0.0625, 0.0625]}
    np.testing.assert_allclose(trained_on(options, IMAGE)[0, 0], [1, 1.75, 2.75, 3.75])
    np.testing.assert_allclose(trained_on(options | {"interpolation": "nearest"}, IMAGE)[0, 0], [1, 2, 3, 4])


def test_a_rotation_is_counterclockwise() -> None:
    turned = trained_on({"type": "random_rotation", "factor": [0.25, 0.25]}, SQUARE)[0]
    np.testing.assert_allclose(turned, np.rot90(SQUARE[0]), atol=1e-12)


def test_a_zoom_shows_more_or_less() -> None:
    whole = trained_on({"type": "random_zoom", "height_factor": [1, 1], "fill_mode": "constant"}, SQUARE)[0]
    np.testing.assert_allclose(whole, [[0, 0, 0], [0, 5, 0], [0, 0, 0]])
    wide = trained_on({"type": "random_zoom", "height_factor": 0, "width_factor": [-0.5, -0.5]}, SQUARE)[0]
    np.testing.assert_allclose(wide[1], [4.5, 5, 5.5])


@pytest.mark.parametrize(
    ("mode", "axes"), [("horizontal", {2}), ("vertical", {1}), ("horizontal_and_vertical", {1, 2})]
)
def test_flips_mirror_about_half_of_the_images(mode: str, axes: set[int]) -> None:
    x = np.repeat(IMAGE, 400, axis=0)
    flipped = trained_on({"type": "random_flip", "mode": mode}, x)
    kinds = {
        frozenset(found): sum(np.array_equal(one, np.flip(IMAGE[0], [axis - 1 for axis in found])) for one in flipped)
        for found in ([], [1], [2], [1, 2])
    }
    expected = {kind: count for kind, count in kinds.items() if kind <= axes}
    assert sum(expected.values()) == 400
    assert min(expected.values()) > 400 / len(expected) * 0.7


@pytest.mark.parametrize("name", ["random_translation", "random_rotation", "random_zoom"])
def test_each_row_is_transformed_on_its_own(name: str) -> None:
    options = {
        "random_translation": {"height_factor": 0.3, "width_factor": 0.3},
        "random_rotation": {"factor": 0.1},
        "random_zoom": {"height_factor": 0.3},
    }[name]
    x = np.repeat(np.random.default_rng(0).random((1, 9, 9)), 5, axis=0)
    seen = trained_on({"type": name, **options}, x)
    assert len({row.tobytes() for row in seen}) == 5


def test_noise_has_the_standard_deviation_that_was_asked_for() -> None:
    x = np.zeros((200, 8, 8))
    noisy = trained_on({"type": "gaussian_noise", "stddev": 0.5}, x)
    assert abs(noisy.std() - 0.5) < 0.02
    assert abs(noisy.mean()) < 0.02


@pytest.mark.parametrize("name", ["random_flip", "random_translation", "random_rotation", "random_zoom"])
def test_predictions_see_images_as_they_are(name: str) -> None:
    options = {"random_translation": {"height_factor": 1, "width_factor": 1}, "random_rotation": {"factor": 1}}
    options |= {"random_zoom": {"height_factor": 0.5}}
    x, y = IMAGE.astype(np.float32), np.empty_like(IMAGE, np.float32)
    network = Network([convert(Layer, {"type": name, **options.get(name, {})})], x.shape[1:])
    for call in Plan(network, 1).bind(x, y).forward:
        call.run()
    np.testing.assert_array_equal(y, x)
