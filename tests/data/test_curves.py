from pathlib import Path

import numpy as np
import pytest

from mltrain.data.datasets.linear import Linear
from mltrain.data.datasets.quadratic import Quadratic
from mltrain.data.points.linspace import Linspace
from mltrain.data.points.normal import Normal
from mltrain.data.points.uniform import Uniform
from mltrain.errors import DataError, OptionError

HERE = Path()


def test_linear_is_a_line():
    x, y = Linear(slope=3, intercept=1, x=[-1, 0, 1, 2, 3, 4]).load(0, HERE).train
    assert x.dtype == y.dtype == np.float32
    assert x.tolist() == [[-1], [0], [1], [2], [3], [4]]
    assert y.tolist() == [[-2], [1], [4], [7], [10], [13]]


def test_quadratic_is_a_parabola():
    x, y = Quadratic(a=1, b=2, c=-5, x=Linspace(start=-2, stop=2), samples=5).load(0, HERE).train
    assert x.tolist() == [[-2], [-1], [0], [1], [2]]
    assert y.tolist() == [[-5], [-6], [-5], [-2], [3]]


def test_numbers_are_computed_in_float64():
    y = Linear(slope=1, intercept=-16777216, x=[16777217]).load(0, HERE).train.y
    assert y.tolist() == [[1]]  # 16777217 is no float32, and would give 0


def test_x_may_be_drawn():
    x = Linear(slope=1, intercept=0, x=Uniform(low=4, high=5), samples=1000).load(0, HERE).train.x
    assert x.shape == (1000, 1)
    assert x.min() >= 4
    assert x.max() <= 5
    assert len(np.unique(x)) > 900


def test_noise_has_the_standard_deviation_asked_for():
    spec = Linear(slope=3, intercept=2, x=Normal(), samples=20_000, noise_stddev=0.5)
    x, y = spec.load(0, HERE).train
    noise = y - (3 * x + 2)
    assert noise.mean() == pytest.approx(0, abs=0.02)
    assert noise.std() == pytest.approx(0.5, abs=0.02)
    assert abs(np.corrcoef(noise[:, 0], x[:, 0])[0, 1]) < 0.03


def test_more_noise_moves_the_same_points_further():
    def load(stddev: float):
        return Linear(slope=3, intercept=2, x=Normal(), samples=20, noise_stddev=stddev).load(7, HERE).train

    none, some, more = load(0), load(1), load(2)
    np.testing.assert_array_equal(none.x, more.x)
    np.testing.assert_allclose(more.y - none.y, 2 * (some.y - none.y), rtol=1e-4, atol=1e-5)


NAN, INFINITY = float("nan"), float("inf")


@pytest.mark.parametrize(
    ("options", "option", "message"),
    [
        ({"x": []}, ("x",), "expected at least one number, got an empty list"),
        ({"x": [1, 2, NAN]}, ("x", 2), "expected a finite number, got .nan"),
        ({"x": [1, -INFINITY]}, ("x", 1), "expected a finite number, got -.inf"),
        ({"x": [1e39]}, ("x", 0), "expected a number of at most 3.4e+38 in size, the largest 32-bit float"),
        ({"x": [0, 10**400]}, ("x", 1), "expected a number of at most 3.4e+38 in size, the largest 32-bit float"),
        ({"x": [1, 2], "samples": 2}, ("samples",), "x lists its 2 points itself; leave samples out"),
        ({"x": Normal()}, ("samples",), "x is normal, so samples must say how many points"),
        (
            {"x": [1, 2], "validation_split": 0.5, "test_split": 0.5},
            ("test_split",),
            "validation_split 0.5 and test_split 0.5 leave no rows to train on; they must add up to less than 1",
        ),
    ],
)
def test_options_that_do_not_fit_each_other(options, option, message):
    for spec in (lambda **x: Linear(slope=1, intercept=1, **x), lambda **x: Quadratic(a=1, b=1, c=1, **x)):
        with pytest.raises(OptionError) as error:
            spec(**options)
        assert str(error.value) == message
        assert error.value.option == option


@pytest.mark.parametrize(
    ("spec", "message"),
    [
        (
            Linear(slope=1e38, intercept=0, x=[1, 10, 100]),
            "2 of the 3 numbers of y do not fit into a 32-bit float: the first is 1e+39, the limit is 3.4e+38",
        ),
        (
            Linear(slope=1e308, intercept=0, x=[1e30]),
            "1 of the 1 numbers of y do not fit into a 32-bit float: the first is inf, the limit is 3.4e+38",
        ),
        (
            Quadratic(a=NAN, b=1, c=1, x=[1, 2]),
            "2 of the 2 numbers of y do not fit into a 32-bit float: the first is nan, the limit is 3.4e+38",
        ),
        (
            Linear(slope=0, intercept=0, x=Linspace(start=0, stop=4e38), samples=2),
            "1 of the 2 numbers of x do not fit into a 32-bit float: the first is 4e+38, the limit is 3.4e+38",
        ),
        (
            Linear(slope=0, intercept=0, x=Uniform(low=-1e308, high=1e308), samples=2),
            "2 of the 2 numbers of x do not fit into a 32-bit float: the first is inf, the limit is 3.4e+38",
        ),
    ],
)
def test_numbers_beyond_float32_are_refused(spec, message):
    with pytest.raises(DataError) as error:
        spec.load(0, HERE)
    assert str(error.value) == message
