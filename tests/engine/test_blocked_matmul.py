"""Products in pieces are the products; and they are cut where that pays."""

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from mltrain.engine import blocked_matmul
from mltrain.engine.blocked_matmul import matmul


def stacks(a: Any, b: Any, out: Any) -> list[tuple[int, ...]]:
    """The shapes of what was multiplied in pieces, after checking that it is the product."""
    shapes: list[tuple[int, ...]] = []
    of_numpy = np.matmul

    def spy(one: Any, other: Any, out: Any) -> None:
        shapes.extend((one.shape, other.shape))
        assert np.shares_memory(one, a)
        assert np.shares_memory(other, b)
        of_numpy(one, other, out=out)

    out[...] = np.nan
    with patch.object(blocked_matmul.np, "matmul", spy):
        matmul(a, b, out)
    np.testing.assert_allclose(out, a.astype(np.float64) @ b, rtol=1e-5, atol=1e-5)
    return shapes


def arrays(rows: int, inputs: int, units: int) -> tuple[Any, Any, Any]:
    rng = np.random.default_rng(0)
    return tuple(rng.random(shape, np.float32) for shape in ((rows, inputs), (inputs, units), (rows, units)))


@pytest.mark.parametrize(
    ("rows", "inputs", "units", "forward", "backward"),
    [
        (32, 784, 256, [(32, 784), (8, 784, 32)], [(7, 112, 32), (32, 256)]),
        (16, 784, 256, [(16, 784), (4, 784, 64)], [(4, 196, 16), (16, 256)]),
        (96, 784, 256, [], [(28, 28, 96), (96, 256)]),  # pieces of 16 columns would be too narrow
        (512, 784, 256, [], []),
        (32, 784, 250, [], [(7, 112, 32), (32, 250)]),  # no piece of 32 or more columns that come in sixteens
        (32, 787, 256, [(32, 787), (8, 787, 32)], []),  # a prime number of rows
        (32, 100, 100, [], []),  # small enough as it is
    ],
)
def test_products_and_their_pieces(rows: int, inputs: int, units: int, forward: Any, backward: Any) -> None:
    x, kernel, dy = arrays(rows, inputs, units)
    assert stacks(x, kernel, np.empty_like(dy)) == forward
    assert stacks(x.T, dy, np.empty_like(kernel)) == backward


def test_what_does_not_lie_as_expected_is_multiplied_whole() -> None:
    wide, kernel, dy = arrays(32, 1568, 256)
    x, rows = wide[:, :784], kernel[::2]
    assert stacks(x, rows, np.empty_like(dy)) == []
    assert stacks(x.T, dy, np.empty((784, 256), np.float32)) == []
