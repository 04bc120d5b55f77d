import pytest
from screens import painted

from mltrain.views.terminal.progress import Bar, Bars, bar

STEPS = Bar("steps", 0.5, ["50%", "0:07 left", "12 steps/s"])


def test_bars_have_one_length_whatever_stands_beside_them():
    assert painted(Bars([STEPS, Bar("epochs 1/2", 0.25, ["25%"])]), 60) == [
        "steps       ━━━━━━━━━━──────────  50%  0:07 left  12 steps/s",
        "epochs 1/2  ━━━━━───────────────  25%",
    ]


def test_a_bar_is_no_longer_than_needed():
    assert painted(Bars([STEPS]), 200) == [f"steps  {'━' * 15}{'─' * 15}  50%  0:07 left  12 steps/s"]


@pytest.mark.parametrize(
    ("width", "line"),
    [
        (45, "steps  ━━━━━─────  50%  0:07 left  12 steps/s"),
        (30, "steps  ━━━━━━━━━─────────  50%"),
        (15, "steps  ━━━━────"),
        (14, "steps"),
    ],
)
def test_the_least_important_details_go_first_and_then_the_bar(width, line):
    assert painted(Bars([STEPS]), width) == [line]


def test_the_time_left_is_told_once_it_is_sure():
    assert bar("epoch", 0.25, 0.4).details == [" 25%"]
    assert bar("epoch", 0.25, 10, "more").details == [" 25%", "0:30 left", "more"]
    assert bar("epoch", 0, 10).details == ["  0%"]


def test_more_than_all_is_a_full_bar():
    assert painted(Bars([Bar("file", 1.5, [])]), 20) == ["file  " + "━" * 14]
