import math

import pytest

from mltrain.views.terminal.number_format import (
    aligned,
    clock_time,
    data_size,
    duration,
    number,
    parameter,
    percent,
    plural,
)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0, "0.000"),
        (-0.0, "0.000"),
        (0.93124, "0.9312"),
        (0.99996, "1.000"),
        (1, "1.000"),
        (59.051, "59.05"),
        (1234.5, "1234"),
        (123456, "123456"),
        (1e6, "1.000e+06"),
        (0.0001, "0.0001000"),
        (0.00001234, "1.234e-05"),
        (-0.5, "-0.5000"),
        (math.nan, "nan"),
        (math.inf, "inf"),
        (-math.inf, "-inf"),
    ],
)
def test_numbers_have_four_significant_digits(value, text):
    assert number(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (5, "5.00"),
        (0, "0.00"),
        (-0.0, "0.00"),
        (0.4, "0.40"),
        (-12.345, "-12.35"),
        (0.0123, "0.0123"),
        (1e-6, "1.00e-06"),
    ],
)
def test_parameters_have_two_decimals_unless_those_would_hide_them(value, text):
    assert parameter(value) == text


def test_nothing_but_all_is_100_percent():
    assert [percent(share) for share in (0, 0.431, 0.9999, 1)] == ["  0%", " 43%", " 99%", "100%"]


def test_times():
    assert [clock_time(seconds) for seconds in (0.2, 7, 125, 3725)] == ["0:00", "0:07", "2:05", "1:02:05"]
    assert [duration(seconds) for seconds in (0, 0.00982, 0.3124, 14.23, 125, 3725)] == [
        "0.00 ms",
        "9.82 ms",
        "0.312 s",
        "14.2 s",
        "2 min 5 s",
        "1 h 2 min",
    ]


def test_counts_and_sizes():
    assert [plural(1, "epoch"), plural(1000, "epoch")] == ["1 epoch", "1,000 epochs"]
    assert [data_size(count) for count in (8, 784, 28_881, 999_700, 9_912_422, 123_456_789, 5e9, 5e12)] == [
        "8 B",
        "784 B",
        "28.9 kB",
        "1.0 MB",
        "9.9 MB",
        "123 MB",
        "5.0 GB",
        "5000.0 GB",
    ]


def test_decimal_points_stand_below_each_other():
    assert aligned(["12.34", "0.1234", "", "123456"]) == ["    12.34  ", "     0.1234", "           ", "123456     "]
