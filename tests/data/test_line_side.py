from pathlib import Path

import numpy as np
import pytest

from mltrain.data.datasets.line_side import LineSide
from mltrain.errors import DataError

HERE = Path()


def test_points_fill_the_square_and_are_judged_by_the_line():
    spec = LineSide(slope=1.2, intercept=50, samples=20_000, size=400)
    x, y = spec.load(0, HERE).train
    assert x.shape == (20_000, 2)
    assert x.dtype == np.float32
    assert y.dtype == np.int32
    assert x.min() >= 0
    assert x.max() <= 400
    np.testing.assert_allclose(x.mean(axis=0), 200, atol=5)
    np.testing.assert_allclose(x.std(axis=0), 400 / 12**0.5, atol=3)
    first, second = x.astype(np.float64).T
    np.testing.assert_array_equal(y, second > 1.2 * first + 50)
    # The triangle above the line, 350 high and 350 / 1.2 wide, is this part of the square.
    assert y.mean() == pytest.approx(350 * 350 / 1.2 / 2 / 400**2, abs=0.01)
    assert spec.row_spec(HERE).classes == ("below", "above")


@pytest.mark.parametrize(("intercept", "number"), [(500, 0), (-1, 1), (1e308, 0)])
def test_a_line_outside_of_the_square_leaves_one_class(intercept, number):
    slope = 1e308 if intercept == 1e308 else 0
    y = LineSide(slope=slope, intercept=intercept, samples=100, size=400).load(0, HERE).train.y
    assert set(y.tolist()) == {number}


def test_another_line_leaves_the_points_where_they_are():
    one, other = (LineSide(slope=s, intercept=0, samples=10, size=1).load(3, HERE).train.x for s in (1, 2))
    np.testing.assert_array_equal(one, other)


def test_a_square_beyond_float32_is_refused():
    with pytest.raises(DataError) as error:
        LineSide(slope=1, intercept=0, samples=1, size=1e300).load(0, HERE)
    assert "2 of the 2 numbers of x do not fit into a 32-bit float" in str(error.value)
