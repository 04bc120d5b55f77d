from pathlib import Path

import numpy as np
import pytest

from mltrain.data.base import InputSpec, RowSpec
from mltrain.data.datasets.inline import Inline
from mltrain.errors import OptionError

HERE = Path()
NAN = float("nan")


@pytest.mark.parametrize(
    ("x", "y", "row_spec", "x_shape", "y_shape"),
    [
        ([1, 2, 3], [4, 5.5, 6], RowSpec((1,), 1), (3, 1), (3, 1)),
        ([[1], [2]], [[1], [2]], RowSpec((1,), 1), (2, 1), (2, 1)),
        ([[1, 2], [3, 4], [5, 6]], [1, 2, 3], RowSpec((2,), 1), (3, 2), (3, 1)),
        ([1, 2], [[1, 2, 3], [4, 5, 6]], RowSpec((1,), 3), (2, 1), (2, 3)),
        ([[[1, 2, 3], [4, 5, 6]]], [1], RowSpec((2, 3), 1), (1, 2, 3), (1, 1)),
        ([[[[1], [2]]]], [1], RowSpec((1, 2, 1), 1), (1, 1, 2, 1), (1, 1)),
    ],
)
def test_numbers(x, y, row_spec, x_shape, y_shape):
    spec = Inline(x=x, y=y)
    assert spec.row_spec(HERE) == row_spec
    rows = spec.load(0, HERE).train
    assert rows.x.dtype == rows.y.dtype == np.float32
    assert rows.x.shape == x_shape
    assert rows.y.shape == y_shape
    assert rows.x.ravel().tolist() == np.ravel(x).tolist()
    assert rows.y.ravel().tolist() == np.ravel(y).tolist()


def test_named_inputs_lie_one_behind_the_other_in_a_row():
    spec = Inline(x={"left": [1, 2], "right": [[[3, 4], [5, 6]], [[7, 8], [9, 0]]]}, y=[0, 1])
    named = {"left": InputSpec((1,)), "right": InputSpec((2, 2))}
    assert spec.row_spec(HERE) == RowSpec((5,), 1, named_inputs=named)
    assert spec.load(0, HERE).train.x.tolist() == [[1, 3, 4, 5, 6], [2, 7, 8, 9, 0]]


def test_names_are_numbered_as_they_come():
    spec = Inline(x=[1, 2, 3, 4, 5], y=["walk", "run", "walk", "bike", "run"])
    assert spec.row_spec(HERE) == RowSpec((1,), classes=("walk", "run", "bike"))
    y = spec.load(0, HERE).train.y
    assert y.dtype == np.int32
    assert y.tolist() == [0, 1, 0, 2, 1]


def test_a_name_may_look_like_a_number():
    assert Inline(x=[1, 2], y=["7", "3"]).row_spec(HERE).classes == ("7", "3")


DEEP = [[[[[[[[[1]]]]]]]]]
MIXED = "a number that is meant as a name stands in quotes"


@pytest.mark.parametrize(
    ("x", "y", "option", "message"),
    [
        ([1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5], ("y",), "x has 6 rows, but y has 5"),
        ([1], ["a", "b"], ("y",), "x has 1 row, but y has 2"),
        ([], [], ("x",), "expected at least one row, got an empty list"),
        ([1], [], ("y",), "expected at least one row, got an empty list"),
        ({}, [1], ("x",), "expected at least one input, got none"),
        ({"a": []}, [1], ("x", "a"), "expected at least one row, got an empty list"),
        ({"a": [1], "b": [1, 2]}, [1], ("y",), "x.b has 2 rows, but y has 1"),
        ({"a b": [1]}, [1], ("x", "a b"), "expected a name of letters, digits and '_' for an input"),
        ({"a": [[1], 2]}, [1, 2], ("x", "a", 1), "expected a list of 1, as x.a[0] is, got 2"),
        ([[1, 2], [3]], [1, 2], ("x", 1), "expected a list of 2, as x[0] is, got a list of 1"),
        ([[1, 2], 3], [1, 2], ("x", 1), "expected a list of 2, as x[0] is, got 3"),
        ([[1, 2], []], [1, 2], ("x", 1), "expected a list of 2, as x[0] is, got an empty list"),
        ([[[1], [2]], [[3], [4, 5]]], [1, 2], ("x", 1, 1), "expected a list of 1, as x[0][0] is, got a list of 2"),
        ([1, [2]], [1, 2], ("x", 1), "expected a number, got a list of 1"),
        ([[], []], [1, 2], ("x", 0), "expected numbers, got an empty list"),
        ([1, "two"], [1, 2], ("x", 1), "expected a number, got 'two'"),
        ([1, "\x1b" + 99 * "a"], [1, 2], ("x", 1), "expected a number, got '\\x1baaaaaaaa...aaaaaaaaaaaaa'"),
        ([1, None], [1, 2], ("x", 1), "expected a number, got nothing"),
        ([1, True], [1, 2], ("x", 1), "expected a number, got true"),
        ([{"a": 1}], [1], ("x", 0), "expected a number, got a mapping"),
        ([[1, NAN]], [1], ("x", 0, 1), "expected a finite number, got .nan"),
        ([1, 1e39], [1, 2], ("x", 1), "expected a number of at most 3.4e+38 in size, the largest 32-bit float"),
        ([DEEP], [1], ("x",), "lists may stand in each other at most 8 deep"),
        ([1, 2], [1, NAN], ("y", 1), "expected a finite number, got .nan"),
        ([1, 2], [[1, 2], [3]], ("y", 1), "expected a list of 2, as y[0] is, got a list of 1"),
        ([1, 2], [[1, 2], 3], ("y", 1), "expected a list of 2, as y[0] is, got 3"),
        ([1, 2], [[1], ["a"]], ("y", 1, 0), "expected a number, got 'a'"),
        ([1], [[]], ("y", 0), "expected numbers, got an empty list"),
        ([1, 2], [[[1, 2]], [[1]]], ("y", 1, 0), "expected a list of 2, as y[0][0] is, got a list of 1"),
        ([1, 2], ["cat", 3], ("y", 1), f"y mixes names and numbers: y[0] is 'cat', but y[1] is 3; {MIXED}"),
        ([1, 2], [3, "cat"], ("y", 1), f"y mixes names and numbers: y[0] is 3, but y[1] is 'cat'; {MIXED}"),
        (
            [1, 2],
            ["cat", False],
            ("y", 1),
            "expected a number, a list of numbers or the name of a class, got false; write 1 and 0, or names in quotes",
        ),
        ([1], [None], ("y", 0), "expected a number, a list of numbers or the name of a class, got nothing"),
    ],
)
def test_rows_that_are_none(x, y, option, message):
    with pytest.raises(OptionError) as error:
        Inline(x=x, y=y)
    assert str(error.value) == message
    assert error.value.option == option


def test_rows_nested_too_deep_for_the_stack_are_refused():
    x: list = []
    for _ in range(100_000):
        x = [x]
    with pytest.raises(OptionError, match="at most 8 deep"):
        Inline(x=x, y=[1])
    while x:  # Python's own way to free such a list is recursive
        x = x[0]
