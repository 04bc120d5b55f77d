import numpy as np
import pytest

from mltrain.data.points import Points
from mltrain.data.points.linspace import Linspace
from mltrain.data.points.normal import Normal
from mltrain.data.points.uniform import Uniform
from mltrain.errors import OptionError

rng = np.random.default_rng


def test_every_member_draws_the_same_numbers_from_the_same_generator():
    members = list(Points.family)
    assert {member.type_name() for member in members} >= {"linspace", "normal", "uniform"}
    for member in members:
        for example in member.examples:
            points = member(**example)
            one, again = points.draw(50, rng(1)), points.draw(50, rng(1))
            assert one.dtype == np.float64
            assert one.shape == (50,)
            np.testing.assert_array_equal(one, again)


def test_linspace():
    assert Linspace(start=-2, stop=2).draw(5, rng(0)).tolist() == [-2, -1, 0, 1, 2]
    assert Linspace(start=3, stop=1).draw(3, rng(0)).tolist() == [3, 2, 1]
    assert Linspace(start=3, stop=9).draw(1, rng(0)).tolist() == [3]


def test_normal():
    standard, other = Normal().draw(20_000, rng(0)), Normal(mean=5, stddev=0.5).draw(20_000, rng(0))
    assert standard.mean() == pytest.approx(0, abs=0.03)
    assert standard.std() == pytest.approx(1, abs=0.03)
    np.testing.assert_allclose(other, 5 + 0.5 * standard)


def test_uniform():
    drawn = Uniform(low=-3, high=1).draw(20_000, rng(0))
    assert drawn.min() == pytest.approx(-3, abs=0.01)
    assert drawn.max() == pytest.approx(1, abs=0.01)
    assert drawn.mean() == pytest.approx(-1, abs=0.03)
    assert drawn.min() >= -3
    assert drawn.max() < 1


@pytest.mark.parametrize("low", [1, 2])
def test_uniform_refuses_a_range_without_numbers(low: int):
    with pytest.raises(OptionError) as error:
        Uniform(low=low, high=1)
    assert str(error.value) == f"expected a number above low ({low}), got 1"
    assert error.value.option == ("high",)
