import math

import pytest
from screens import painted

from mltrain.views.terminal.loss_curve import LossCurve, LossLine, Scale, blocks, sampled
from mltrain.views.terminal.range_curve import bounded, range_curve


def test_the_scale_is_linear_until_decades_are_spanned():
    linear, logarithmic = Scale([1, 50, 99]), Scale([1, 10, 100])
    assert (linear.logarithmic, logarithmic.logarithmic) == (False, True)
    assert linear(50) == 0.5
    assert logarithmic(10) == pytest.approx(0.5)


def test_zero_and_negative_values_keep_the_scale_linear():
    assert not Scale([0, 1000]).logarithmic
    assert not Scale([-1, 1000]).logarithmic


def test_blocks_rise_with_the_values_and_leave_out_what_is_no_number():
    values = [0, 1, 2, 3, 4, 5, 6, 7, math.nan, math.inf]
    assert blocks(values, Scale(values)) == "▁▂▃▄▅▆▇█  "


def test_one_value_again_and_again_is_a_low_line():
    assert blocks([3.0, 3.0], Scale([3.0, 3.0])) == "▁▁"


def test_samples_begin_and_end_where_the_values_do():
    assert sampled(range(500), 5) == [0, 125, 250, 374, 499]
    assert sampled([1, 2], 6) == [1, 1, 1, 2, 2, 2]
    assert sampled([1], 1) == [1]


def test_the_loss_line_names_its_ends():
    assert str(LossLine({"loss": [8, 4, 1]})) == "loss  ███▄▄▄▁▁▁  8.000 → 1.000"


def test_both_losses_are_drawn_in_one_scale():
    assert str(LossLine({"loss": [8, 1], "val_loss": [8, 4.5]})).split("\n") == [
        "loss      ███▁▁▁  8.000 → 1.000",
        "val_loss  ███▅▅▅  8.000 → 4.500",
    ]


def test_the_loss_line_grows_with_training_and_ends_at_the_border():
    values = [math.exp(-epoch / 100) for epoch in range(500)]
    half, whole = (painted(LossLine({"loss": values}, share), 60)[0] for share in (0.5, 1))
    assert len(whole) == 60
    assert 30 < len(half) < 45


def test_a_narrow_terminal_gets_the_number_only():
    assert painted(LossLine({"loss": [8, 4, 1]}), 20) == ["loss  1.000"]


def curve(*args, width=40, **options):
    return painted(LossCurve(*args, **options), width)


def test_the_curve_is_labelled():
    lines = curve([4 - epoch / 5 for epoch in range(20)], first_epoch=0)
    assert lines[0].strip() == "loss"
    assert lines[1].startswith(" 4.000 ┤⠉")
    assert lines[-2].startswith("0.2000 ┤")
    assert lines[-2].endswith("⣄")
    assert lines[-1].startswith("       └ epoch 0 ───")
    assert lines[-1].endswith("── 19")
    assert {len(line) for line in lines[1:]} == {40}


def test_a_straight_fall_is_a_diagonal_and_a_narrow_axis_says_no_epoch():
    assert curve(range(24, 0, -1), width=18, height=3) == [
        "       loss",
        "24.00 ┤⠙⠲⢤⣀       ",
        "      │   ⠈⠙⠲⢤⣀   ",
        "1.000 ┤       ⠈⠙⠲⢤",
        "      └ 1 ───── 24",
    ]


def test_a_single_spike_among_many_epochs_is_seen():
    lines = curve([1.0] * 500 + [4.0] + [1.0] * 500, width=24, height=3)
    assert [line.count("⢸") for line in lines[1:4]] == [1, 1, 0]


def test_a_single_epoch_is_a_flat_line():
    assert curve([2.0], width=18, height=2)[1:3] == ["2.000 ┤           ", "2.000 ┤" + "⣀" * 11]


def test_validation_is_drawn_as_circles_where_the_loss_left_room():
    lines = curve([4, 1, 1, 1, 1], [4, 3, math.nan, 4, 4], width=24, height=3)
    assert lines[0].strip() == "loss  ○ val_loss"
    assert [line.count("○") for line in lines[1:4]] == [2, 1, 0]
    assert lines[1].rstrip().endswith("○")


def test_decades_are_drawn_on_a_logarithmic_scale():
    assert curve([100, 10, 1])[0].strip() == "loss  (log scale)"
    assert curve([100, 50, 2])[0].strip() == "loss"


@pytest.mark.parametrize("width", [20, 40, 80])
def test_the_curve_is_as_wide_as_the_terminal(width):
    lines = curve([1.234e-5 * epoch for epoch in range(1, 2001)], width=width)
    assert {len(line) for line in lines[1:]} == {width}
    assert len(lines) == 8


def test_the_curve_is_not_drawn_out_on_a_wide_terminal():
    assert max(map(len, curve([3, 2, 1], width=200))) == 80


def test_a_range_test_has_powers_of_ten_below_and_a_mark_at_the_suggestion():
    losses = [1.0] * 40 + [0.5] * 30 + [9.0] * 11
    *_, axis, mark = str(range_curve([10 ** (place / 10 - 7) for place in range(81)], losses, 1e-3)).splitlines()
    assert axis.split("└")[1].replace("─", " ").split() == [f"1e{power}" for power in range(-7, 2)]
    assert mark.strip() == "▲"
    assert abs(axis.index("1e-3") + 2 - mark.index("▲")) <= 1


def test_a_loss_that_grows_is_cut_so_that_its_fall_is_seen():
    assert bounded([1.0, 0.5, 0.2, 50.0]) == [1.0, 0.5, 0.2, 1.4]
    assert bounded([1.0, 2.0, 3.0]) == [1.0, 2.0, 3.0]


@pytest.mark.parametrize("width", [20, 40, 80])
def test_a_range_curve_fits_its_width(width):
    assert max(map(len, painted(range_curve([1e-7, 1e-5, 1e-3], [3.0, 2.0, 1.0], 1e-3), width))) <= width
