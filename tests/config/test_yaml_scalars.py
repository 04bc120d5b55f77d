import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltrain.config.yaml_scalars import resolve, written


@pytest.mark.parametrize(
    ("word", "value"),
    [
        ("", None),
        ("~", None),
        ("null", None),
        ("true", True),
        ("False", False),
        ("0", 0),
        ("-7", -7),
        ("+7", 7),
        ("010", 10),
        ("0o17", 15),
        ("0xfF", 255),
        ("1e-3", 0.001),
        ("1E5", 100000.0),
        (".5", 0.5),
        ("5.", 5.0),
        ("-1.5e+2", -150.0),
        (".inf", math.inf),
        ("-.INF", -math.inf),
        ("1e999", math.inf),
        ("9" * 5000, math.inf),
        ("0x" + "f" * 5000, math.inf),
    ],
)
def test_what_yaml_1_2_reads_as_something_else_than_text(word: str, value: object) -> None:
    assert resolve(word) == value
    assert type(resolve(word)) is type(value)


def test_nan_is_a_number() -> None:
    assert math.isnan(float(resolve(".nan")))  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "word",
    [
        *["on", "off", "yes", "no", "y", "n", "nulL", "tRue", "1_000", "1,5", "1:30", "2001-01-01", "0b11", "0o8"],
        *["0xg", ".", "-", "+", "e3", "1e", "1.2.3", "inf", "nan", "-0x1", "+.nan", "50%"],
    ],
)
def test_what_looks_like_something_else_is_text(word: str) -> None:
    assert resolve(word) == word


@given(st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False))
def test_what_is_written_reads_back(value: bool | int | float | None) -> None:
    again = resolve(written(value))
    assert again == value
    assert type(again) is type(value)


def test_nan_reads_back() -> None:
    assert written(math.nan) == ".nan"
