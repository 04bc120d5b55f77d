"""What every initializer must do, whichever it is."""

import math
import re
from typing import Any

import numpy as np
import pytest
from spec_examples import examples, label

from mltrain.config.convert import convert
from mltrain.engine.initializers.base import Initializer, fans
from mltrain.errors import ConfigError, Problem

INITIALIZERS = examples(Initializer)
every_initializer = pytest.mark.parametrize("initializer", INITIALIZERS, ids=label)

INPUTS, OUTPUTS = 300, 100
CUT = 0.8796256610342398  # what cutting a normal distribution off at two standard deviations leaves of one

# Mean, standard deviation and the largest distance from the mean of a kernel, by the formulas of the documentation.
SPREADS: dict[str, tuple[float, float, float]] = {
    "zeros": (0, 0, 0),
    "ones": (1, 0, 0),
    "random_normal": (0, 0.05, math.inf),
    "random_normal-mean=2.0-stddev=1.0": (2, 1, math.inf),
    "random_uniform": (0, 0.1 / math.sqrt(12), 0.05),
    "random_uniform-minval=-1.0-maxval=3.0": (1, 4 / math.sqrt(12), 2),
    "truncated_normal": (0, CUT * 0.05, 0.1),
    "truncated_normal-mean=2.0-stddev=1.0": (2, CUT, 2),
    "glorot_uniform": (0, math.sqrt(2 / (INPUTS + OUTPUTS)), math.sqrt(6 / (INPUTS + OUTPUTS))),
    "glorot_normal": (0, math.sqrt(2 / (INPUTS + OUTPUTS)), 2 * math.sqrt(2 / (INPUTS + OUTPUTS)) / CUT),
    "he_uniform": (0, math.sqrt(2 / INPUTS), math.sqrt(6 / INPUTS)),
    "he_normal": (0, math.sqrt(2 / INPUTS), 2 * math.sqrt(2 / INPUTS) / CUT),
    "lecun_uniform": (0, math.sqrt(1 / INPUTS), math.sqrt(3 / INPUTS)),
    "lecun_normal": (0, math.sqrt(1 / INPUTS), 2 * math.sqrt(1 / INPUTS) / CUT),
    "orthogonal": (0, math.sqrt(1 / INPUTS), 1),
    "orthogonal-gain=1.4": (0, 1.4 * math.sqrt(1 / INPUTS), 1.4),
}


def shape_for(initializer: Initializer) -> tuple[int, ...]:
    """A kernel's shape; that of its values, if the initializer has an array of them."""
    return np.shape(getattr(initializer, "value", 0)) or (INPUTS, OUTPUTS)


def values(initializer: Initializer, seed: int = 0) -> Any:
    return initializer.values(shape_for(initializer), np.random.default_rng(seed))


def test_family_holds_what_the_documentation_names() -> None:
    plain = "zeros ones constant random_normal random_uniform truncated_normal orthogonal"
    scaled = "glorot_uniform glorot_normal he_uniform he_normal lecun_uniform lecun_normal"
    names = set(f"{plain} {scaled}".split())
    assert names <= set(Initializer.family.names())
    assert names - {"constant"} == {case.partition("-")[0] for case in SPREADS}
    assert len(INITIALIZERS) >= len(Initializer.family.names()), "every initializer needs an example"


@every_initializer
def test_values_have_the_shape_asked_for(initializer: Initializer) -> None:
    found = values(initializer)
    assert found.shape == shape_for(initializer)
    assert found.dtype.kind == "f"
    assert np.isfinite(found).all()


@every_initializer
def test_same_seed_gives_the_same_values(initializer: Initializer) -> None:
    found = values(initializer)
    assert found.tobytes() == values(initializer).tobytes()
    is_random = initializer.type_name() not in ("zeros", "ones", "constant")
    assert (found.tobytes() != values(initializer, seed=1).tobytes()) == is_random


@pytest.mark.parametrize("initializer", [one for one in INITIALIZERS if label(one) in SPREADS], ids=label)
def test_values_are_spread_as_documented(initializer: Initializer) -> None:
    mean, stddev, furthest = SPREADS[label(initializer)]
    found = values(initializer).astype(np.float64)
    # 30,000 numbers: their mean varies by 0.6% of their standard deviation, and that by about 0.4%.
    assert found.mean() == pytest.approx(mean, abs=0.02 * stddev)
    assert found.std() == pytest.approx(stddev, rel=0.015)
    assert np.abs(found - mean).max() <= furthest * (1 + 1e-6)


@pytest.mark.parametrize("shape", [(5, 3), (3, 5), (4, 4), (2, 3, 4)])
def test_orthogonal_keeps_lengths(shape: tuple[int, ...]) -> None:
    q = convert(Initializer, {"type": "orthogonal", "gain": 2}).values(shape, np.random.default_rng(0))
    kernel = q.reshape(-1, shape[-1])
    products = kernel.T @ kernel if kernel.shape[0] >= kernel.shape[1] else kernel @ kernel.T
    np.testing.assert_allclose(products, 4 * np.eye(len(products)), atol=1e-12)


def test_orthogonal_refuses_a_vector() -> None:
    with pytest.raises(ValueError, match="a parameter with a single axis has no columns"):
        convert(Initializer, "orthogonal").values((5,), np.random.default_rng(0))


def test_constant_is_the_value_itself_and_refuses_another_shape() -> None:
    constant = convert(Initializer, {"type": "constant", "value": [[0.1, -0.2], [0.3, 0.4]]})
    np.testing.assert_array_equal(values(constant), [[0.1, -0.2], [0.3, 0.4]])
    with pytest.raises(ValueError, match=re.escape("the value has shape (2, 2), but the parameter has shape (2, 3)")):
        constant.values((2, 3), np.random.default_rng(0))


def test_random_uniform_refuses_limits_in_the_wrong_order() -> None:
    with pytest.raises(ConfigError) as caught:
        convert(Initializer, {"type": "random_uniform", "minval": 3, "maxval": 1})
    assert caught.value.problems == (Problem(("minval",), "3 is above maxval, which is 1"),)


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([[1], [2, 3]], "expected a number, or rows of numbers, all of one length"),
        ([["a"]], "expected a number, or rows of numbers, all of one length"),
        ([[float("nan")]], "expected finite numbers"),
    ],
)
def test_constant_takes_arrays_of_finite_numbers_only(value: Any, message: str) -> None:
    with pytest.raises(ConfigError) as caught:
        convert(Initializer, {"type": "constant", "value": value})
    assert caught.value.lines == (f"value: {message}",)


@pytest.mark.parametrize(
    ("shape", "expected"),
    [((3, 3, 8, 16), (72, 144)), ((5, 8, 16), (40, 80)), ((7, 4), (7, 4)), ((6,), (6, 6))],
)
def test_fans_count_the_window_of_a_kernel_as_keras_does(shape: tuple[int, ...], expected: tuple[int, int]) -> None:
    assert fans(shape) == expected
