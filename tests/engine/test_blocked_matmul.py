"""Products in pieces are the products; and they are cut where that pays."""

from typing import Any
from unittest.mock import patch

import numpy as np
import pytest

from mltrain.engine import blocked_matmul
from mltrain.engine.blocked_matmul import matmul, tall_matmul
from mltrain.system.threads import BLAS_VARIABLES


def stacks(a: Any, b: Any, out: Any, multiply: Any = matmul) -> list[tuple[int, ...]]:
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
        multiply(a, b, out)
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


@pytest.mark.parametrize(
    ("windows", "numbers", "filters", "forward", "backward"),
    [
        (1024, 288, 32, [(9, 108, 288), (288, 32)], [(12, 24, 1024), (1024, 32)]),  # and 52 windows besides
        (864, 288, 32, [(8, 108, 288), (288, 32)], [(8, 36, 864), (864, 32)]),
        (600, 290, 64, [(12, 48, 290), (290, 64)], [(12, 24, 600), (600, 64)]),  # and 2 numbers of a window besides
        (2000, 27, 32, [(1, 1008, 27), (27, 32)], [(2, 12, 2000), (2000, 32)]),
        (100, 9, 32, [], []),  # small enough as it is
        (9000, 288, 32, [(83, 108, 288), (288, 32)], []),  # a kernel's gradient of fewer than 12 rows at a time
    ],
)
def test_windows_are_multiplied_in_pieces(
    windows: int, numbers: int, filters: int, forward: Any, backward: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    x, kernel, dy = arrays(windows, numbers, filters)
    for one, other, shape, expected in (
        (x, kernel, dy.shape, forward),
        (np.asfortranarray(x), kernel, dy.shape, forward),
        (x.T, dy, kernel.shape, backward),
    ):
        monkeypatch.setattr(blocked_matmul, "_pieces_pay", lambda: True)
        assert stacks(one, other, np.empty(shape, np.float32), tall_matmul) == expected
        monkeypatch.setattr(blocked_matmul, "_pieces_pay", lambda: False)
        assert stacks(one, other, np.empty(shape, np.float32), tall_matmul) == []


@pytest.mark.parametrize(
    ("threads", "kernels", "pay"),
    [
        ("1", "X86_V4", True),
        ("1", "AVX512_SKX", True),  # as NumPy 2.0 to 2.3 call it
        ("1", "X86_V3", False),
        ("1", None, False),
        ("2", "X86_V4", False),
    ],
)
def test_pieces_of_windows_are_for_one_core_with_avx_512(
    threads: str, kernels: str | None, pay: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in BLAS_VARIABLES:
        monkeypatch.setenv(name, threads)
    info = {"maximum": {"fff": {"current": kernels}}} if kernels else {}
    monkeypatch.setattr(np.lib.introspect, "opt_func_info", lambda *_: info)
    assert blocked_matmul._pieces_pay.__wrapped__() == pay
