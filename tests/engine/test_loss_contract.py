"""What every loss must do, whichever it is."""

from typing import Any

import numpy as np
import pytest
from gradient_check import compare, predict
from spec_examples import examples, label

from mltrain.config.convert import convert
from mltrain.engine.layers.base import Layer
from mltrain.engine.losses.base import Loss

LOSSES = examples(Loss)
every_loss = pytest.mark.parametrize("loss", LOSSES, ids=label)


def outputs(loss: Loss, z: Any) -> Any:
    """Where the outputs are to go: a place of their own, or z itself where the loss is joined to no activation."""
    return z if loss.fused_activation is None else np.full_like(z, np.nan)


def targets(loss: Loss, shape: tuple[int, int], dtype: Any) -> Any:
    rng = np.random.default_rng(4)
    labels = rng.integers(0, shape[1], shape[0])
    return {
        "numbers": rng.normal(size=shape).astype(dtype),
        "binary": rng.integers(0, 2, shape).astype(dtype),
        "one_hot": np.eye(shape[1], dtype=dtype)[labels],
        "labels": labels.astype(np.int32),
    }[loss.targets]


def test_family_holds_what_the_documentation_names() -> None:
    regression = {"mean_squared_error", "mean_absolute_error", "huber"}
    classes = {"binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"}
    assert set(Loss.family.names()) >= regression | classes | {"hinge", "perceptron"} == EXTREMES.keys()
    aliases = Loss.family.aliases()
    assert (aliases["mse"], aliases["mae"]) == ("mean_squared_error", "mean_absolute_error")
    assert len(LOSSES) >= len(Loss.family.names()), "every loss needs an example"


@every_loss
def test_gradient_is_that_of_the_value(loss: Loss) -> None:
    z = np.random.default_rng(5).normal(size=(6, 3))
    target = targets(loss, z.shape, np.float64)
    dz = np.empty_like(z)

    def value(z: Any) -> float:
        return loss.mean(z, outputs(loss, z), target, np.empty_like(z))

    loss.mean(z, outputs(loss, z), target, dz)
    assert dz.any()
    compare(value, z, dz)


@every_loss
def test_mean_is_that_of_the_elements(loss: Loss) -> None:
    z = np.random.default_rng(5).normal(size=(6, 3))
    y, target = outputs(loss, z), targets(loss, z.shape, np.float64)
    dz, dz_of_mean = np.empty_like(z), np.empty_like(z)
    elements = loss.per_element(z, y, target, dz)
    assert elements.shape in {(6, 3), (6,)}
    assert loss.mean(z, y, target, dz_of_mean) == pytest.approx(elements.mean(), rel=1e-14)
    np.testing.assert_allclose(dz_of_mean, dz / elements.size, rtol=1e-14)


@every_loss
def test_scores_and_targets_are_only_read_and_float32_stays_float32(loss: Loss) -> None:
    z = np.random.default_rng(5).normal(size=(6, 3)).astype(np.float32)
    target = targets(loss, z.shape, np.float32)
    for array in (z, target):
        array.flags.writeable = False
    assert loss.per_element(z, outputs(loss, z), target, np.empty_like(z)).dtype == np.float32


@pytest.mark.parametrize("loss", [loss for loss in LOSSES if loss.fused_activation], ids=label)
def test_the_outputs_are_those_of_the_activation_that_is_joined(loss: Loss) -> None:
    z = np.random.default_rng(5).normal(size=(6, 3)).astype(np.float32)
    y, target = outputs(loss, z), targets(loss, z.shape, np.float32)
    loss.mean(z, y, target, np.empty_like(z))
    assert y.tobytes() == predict([convert(Layer, loss.fused_activation)], z.shape[1:], z).tobytes()


# Two outputs, 10,000 and -10,000: right or wrong as can be. Targets, the exact value, and the exact gradient.
EXTREMES: dict[str, list[tuple[Any, float, list[float]]]] = {
    "mean_squared_error": [([[0, 0]], 1e8, [1e4, -1e4]), ([[1e4, -1e4]], 0, [0, 0])],
    "mean_absolute_error": [([[0, 0]], 1e4, [0.5, -0.5]), ([[1e4, -1e4]], 0, [0, 0])],
    "huber": [([[0, 0]], 1e4 - 0.5, [0.5, -0.5]), ([[1e4, -1e4]], 0, [0, 0])],
    "binary_crossentropy": [([[0, 1]], 1e4, [0.5, -0.5]), ([[1, 0]], 0, [0, 0])],
    "categorical_crossentropy": [([[0, 1]], 2e4, [1, -1]), ([[1, 0]], 0, [0, 0])],
    "sparse_categorical_crossentropy": [([1], 2e4, [1, -1]), ([0], 0, [0, 0])],
    "hinge": [([[0, 1]], 1e4 + 1, [0.5, -0.5]), ([[1, 0]], 0, [0, 0])],
    "perceptron": [([[0, 1]], 1e4, [0.5, -0.5]), ([[1, 0]], 0, [0, 0])],
}


@pytest.mark.parametrize("name", EXTREMES)
def test_value_and_gradient_are_exact_at_extremes(name: str) -> None:
    loss = convert(Loss, name)
    z = np.array([[1e4, -1e4]], np.float32)
    for target, value, gradient in EXTREMES[name]:
        dz = np.empty_like(z)
        given = np.array(target, np.int32 if loss.targets == "labels" else np.float32)
        with np.errstate(over="ignore"):  # as while training: exp may overflow on the way to a correct 0
            assert loss.mean(z, outputs(loss, z), given, dz) == value
        np.testing.assert_array_equal(dz, [gradient])


def test_soft_targets_are_spread_over_classes() -> None:
    loss = convert(Loss, "categorical_crossentropy")
    z = np.log(np.array([[0.5, 0.25, 0.25]]))
    found = loss.mean(z, outputs(loss, z), np.array([[0.5, 0.5, 0.0]]), np.empty_like(z))
    assert found == pytest.approx(0.5 * np.log(2) + 0.5 * np.log(4), rel=1e-14)


def test_perceptron_learns_from_mistakes_only() -> None:
    loss = convert(Loss, "perceptron")
    z = np.array([[3.0], [-2.0], [3.0], [-2.0]])
    dz = np.empty_like(z)
    elements = loss.per_element(z, outputs(loss, z), np.array([[1.0], [0.0], [0.0], [1.0]]), dz)
    np.testing.assert_array_equal(elements, [[0], [0], [3], [2]])
    np.testing.assert_array_equal(dz, [[0], [0], [1], [-1]])


def test_label_smoothing_spreads_a_share_of_the_target_over_all_classes() -> None:
    z = np.random.default_rng(5).normal(size=(6, 3))
    target = np.eye(3)[[0, 1, 2, 0, 1, 2]]
    smoothed = convert(Loss, {"type": "categorical_crossentropy", "label_smoothing": 0.3})
    plain = convert(Loss, "categorical_crossentropy")
    (one, other), (dz, dz_of_spread) = np.empty((2, 6, 3)), np.empty((2, 6, 3))
    elements = smoothed.per_element(z, one, target, dz)
    spread = np.where(target == 1, 0.8, 0.1)
    np.testing.assert_allclose(elements, plain.per_element(z, other, spread, dz_of_spread), rtol=1e-12)
    np.testing.assert_allclose(dz, dz_of_spread, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(one, other)
