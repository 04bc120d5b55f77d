"""What the engine asks of arrays."""

import numpy as np
import pytest

from mltrain.engine.arrays import SHORT_ROW, largest_of_rows


@pytest.mark.parametrize("shape", [(1, 1), (7, 1), (7, 10), (3, SHORT_ROW - 1), (3, SHORT_ROW), (0, 4), (5, 3, 4)])
def test_the_largest_of_each_row(shape: tuple[int, ...]) -> None:
    x = np.random.default_rng(0).normal(size=shape).astype(np.float32)
    np.testing.assert_array_equal(largest_of_rows(x), x.max(axis=-1, keepdims=True))


@pytest.mark.parametrize("width", [2, SHORT_ROW])
def test_what_is_not_a_number_is_not_hidden(width: int) -> None:
    x = np.zeros((2, width))
    x[1, 0] = np.nan
    np.testing.assert_array_equal(largest_of_rows(x)[:, 0], [0, np.nan])
