import math
import re

import pytest
from screens import Clock, encoded_stream, last_drawing, report, terminal, without_styles

from mltrain.views.terminal.redraw import REDRAW_INTERVAL
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.training_display import spacing, training_display
from mltrain.views.terminal.training_table import EpochTable, _width, _with_narrow_headers


def show_plain(*reports, **decisions):
    show, out, err = terminal(**decisions)
    with training_display(show, title="linear", epochs=5) as display:
        for one in reports:
            display.step(5, 10, 0.5)
            display.show(one)
    assert out.getvalue() == ""
    return err.getvalue()


class Live:
    """A live display on a terminal, with a clock of its own."""

    def __init__(self, epochs, title="linear  2 parameters"):
        self.clock = Clock()
        self.terminal, self.out, self.err = terminal(tty=True)
        self.display = training_display(self.terminal, title=title, epochs=epochs, clock=self.clock)

    def train(self, epochs, seconds=0.0, **changes):
        """Run through the epochs in no time but the given one each; what the terminal shows at the end."""
        with self.display as display:
            for epoch in epochs:
                self.clock.now += seconds
                display.show(report(epoch, epochs[-1], loss=64 / (epoch + 1), **changes))
        return self.last()

    def interrupted_after(self, *actions):
        """Do these things and a step, a second each; then Ctrl-C."""

        def interrupted():
            with self.display as display:
                for action in (*actions, lambda display: display.step(1, 10, 0.5)):
                    self.clock.now += 1
                    action(display)
                raise KeyboardInterrupt

        with pytest.raises(KeyboardInterrupt):
            interrupted()

    def drawings(self):
        return without_styles(self.err.getvalue()).count("linear  2 parameters")

    def last(self):
        assert self.out.getvalue() == ""
        return last_drawing(self.err.getvalue()).split("\n")


def plain_epochs(epochs, done, last=None):
    """The numbers of the epochs that lines tell of, in a training of so many, and the notes."""
    show, _, err = terminal()
    past = [report(done, epochs)] if done else []
    with training_display(show, title="linear", epochs=epochs, past=past) as display:
        for epoch in range(done + 1, (last or epochs) + 1):
            display.show(report(epoch, epochs))
    lines = err.getvalue().splitlines()
    shown = [int(re.match(r"epoch +(\d+)/", line)[1]) for line in lines if line.startswith("epoch")]
    return shown, [line for line in lines if not line.startswith("epoch")]


def test_of_many_epochs_some_fifty_are_shown():
    shown, notes = plain_epochs(500, 0)
    assert shown == [1, 2, 5, *range(10, 501, 10)]
    assert notes == ["note: every 10th of 500 epochs is shown; history.csv has all of them"]
    assert plain_epochs(50, 0) == ([*range(1, 51)], [])
    assert plain_epochs(51, 0)[0] == [1, *range(2, 51, 2), 51]


def test_the_last_epoch_is_shown_wherever_training_stops():
    assert plain_epochs(500, 0, last=123)[0][-2:] == [120, 123]
    assert plain_epochs(500, 0, last=130)[0][-2:] == [120, 130]


def test_of_a_training_that_goes_on_the_first_epoch_is_shown():
    shown, _ = plain_epochs(1000, 444)
    assert shown == [445, *range(460, 1001, 20)]


@pytest.mark.parametrize(
    ("epochs", "every"), [(0, 1), (50, 1), (51, 2), (100, 2), (101, 5), (500, 10), (501, 20), (10**8, 2 * 10**6)]
)
def test_spacing(epochs, every):
    assert spacing(epochs) == every


def test_elsewhere_an_epoch_is_a_line():
    assert show_plain(
        report(1, 10, loss=12.3456, metrics={"accuracy": 0.93124}, val_loss=0.5, val_metrics={"accuracy": 1.0}),
        report(10, 10, loss=1.234e-5, metrics={"accuracy": 0.95}, val_loss=0.25, val_metrics={"accuracy": 0.9}),
    ) == (
        "epoch  1/10  loss 12.35      accuracy 0.9312   val_loss 0.5000     val_accuracy 1.000       412 µs/step\n"
        "epoch 10/10  loss 1.234e-05  accuracy 0.9500   val_loss 0.2500     val_accuracy 0.9000      412 µs/step\n"
    )


def test_elsewhere_tracked_parameters_are_in_the_line_and_epoch_0_has_no_speed():
    assert show_plain(
        report(0, 10, steps=0, seconds=0.0, loss=9.0, tracked={"W": 5.0, "b": 0.0}),
        report(1, 10, tracked={"W": 4.6066, "b": 0.4012}),
    ) == ("epoch  0/10  loss 9.000      W=5.00 b=0.00\nepoch  1/10  loss 0.1234     W=4.61 b=0.40     412 µs/step\n")


def test_a_loss_that_is_no_number_is_shown_as_it_is():
    assert "loss nan " in show_plain(report(loss=math.nan))


def test_elsewhere_a_long_epoch_says_now_and_then_how_far_it_is():
    clock = Clock()
    show, _, err = terminal()
    with training_display(show, title="linear", epochs=5, clock=clock) as display:
        for step in range(1, 26):
            clock.now += 1
            display.step(step, 40, 0.5)
        display.show(report(1, 5))
    assert err.getvalue().splitlines()[:-1] == [
        "epoch 1/5  step 10/40  loss 0.5000  1 steps/s  0:30 left in the epoch, 3:10 left in all",
        "epoch 1/5  step 20/40  loss 0.5000  1 steps/s  0:20 left in the epoch, 3:00 left in all",
    ]


def test_elsewhere_lines_of_short_epochs_are_not_interrupted():
    clock = Clock()
    show, _, err = terminal()
    with training_display(show, title="linear", epochs=50, clock=clock) as display:
        for epoch in range(1, 51):
            clock.now += 5
            display.step(1, 2, 0.5)
            display.show(report(epoch, 50))
    assert len(err.getvalue().splitlines()) == 50


def test_a_training_that_goes_on_shows_what_was_before_and_counts_from_now():
    past = [report(epoch, 100, loss=100 - epoch) for epoch in range(1, 51)]
    live = Live(100)
    live.display = training_display(live.terminal, title="linear", epochs=100, past=past, clock=live.clock)
    with live.display as display:
        for epoch in range(51, 61):
            live.clock.now += 1
            display.show(report(epoch, 100, loss=100 - epoch))
        lines = live.last()
    assert lines[16].endswith("99.00 → 40.00")
    assert lines[18] == "epoch  61/100  ━━━━━━━━━━━━━━━━━━────────────   60%  0:40 left"


def test_elsewhere_a_note_says_that_it_is_trained_again_and_lines_how_far_it_is():
    clock = Clock()
    show, _, err = terminal()
    with training_display(show, title="linear", epochs=1000, clock=clock) as display:
        for epoch in range(1, 34):
            display.show(report(epoch, 1000))
        for epoch in range(4):
            display.refit(epoch, 3)
            clock.now += 6
    told = ["note: training again for 3 epochs, on the validation rows, too", "training again: epoch 2/3"]
    lines = err.getvalue().splitlines()
    assert lines[-2:] == told
    assert lines[-3].startswith("epoch   33/1000")


def test_on_a_terminal_a_bar_shows_how_far_the_second_training_is():
    live = Live(100)
    with live.display as display:
        display.show(report(1, 100))
        display.refit(0, 20)
        live.clock.now += 3
        display.refit(5, 20)
        last = live.last()[-1]
    assert last == "training again: epoch  6/20  ━━━━━━━───────────────────────   25%  0:09 left"
    assert "training again" not in "".join(live.last())


def test_quiet_says_nothing():
    assert show_plain(report(), quiet=True) == ""
    assert show_plain(report(), quiet=True, tty=True) == ""


def test_streams_without_micro_get_u():
    stream, raw = encoded_stream("ascii")
    with training_display(Terminal(err=stream), title="linear", epochs=1) as display:
        display.show(report())
    assert raw.getvalue().endswith(b"412 us/step\n")


def test_a_short_training_is_drawn_once():
    live = Live(500)
    lines = live.train(range(1, 501))
    assert live.drawings() == 1
    assert "\x1b[?25l" not in live.err.getvalue(), "the cursor was never hidden"
    assert [line.split()[0] for line in lines[2:11]] == ["epoch", "1", "2", "3", "⋮", "497", "498", "499", "500"]


def test_500_epochs_in_five_seconds_are_drawn_ten_times_a_second():
    live = Live(500)
    live.train(range(1, 501), seconds=0.01)
    assert REDRAW_INTERVAL == 0.1
    assert 45 <= live.drawings() - 1 <= 50


def test_steps_are_drawn_ten_times_a_second():
    live = Live(1)
    with live.display as display:
        for step in range(1000):
            live.clock.now += 0.001
            display.step(step + 1, 1000, 0.5)
    assert 9 <= live.drawings() - 1 <= 10


def test_a_few_epochs_stay_as_a_whole_table_with_a_loss_line():
    lines = Live(5).train(range(1, 6), metrics={"accuracy": 0.9}, val_loss=0.5, val_metrics={"accuracy": 0.8})
    assert lines == [
        "linear  2 parameters",
        "",
        "epoch   loss  accuracy  val_loss  val_accuracy  µs/step",
        "    1  32.00    0.9000    0.5000        0.8000      412",
        "    2  21.33    0.9000    0.5000        0.8000      412",
        "    3  16.00    0.9000    0.5000        0.8000      412",
        "    4  12.80    0.9000    0.5000        0.8000      412",
        "    5  10.67    0.9000    0.5000        0.8000      412",
        "",
        "loss      ███▆▆▆▄▄▄▄▄▄▃▃▃  32.00 → 10.67",
        "val_loss  ▁▁▁▁▁▁▁▁▁▁▁▁▁▁▁  0.5000 → 0.5000",
        "",
        "",
    ]


def test_many_epochs_stay_as_a_short_table_with_a_curve():
    lines = Live(500).train(range(1, 501), seconds=0.01, tracked={"W": 3.0})
    assert lines[2:12] == [
        "epoch     loss     W  µs/step",
        "    1    32.00  3.00      412",
        "    2    21.33  3.00      412",
        "    3    16.00  3.00      412",
        "    ⋮",
        "  497   0.1285  3.00      412",
        "  498   0.1283  3.00      412",
        "  499   0.1280  3.00      412",
        "  500   0.1277  3.00      412",
        "",
    ]
    assert lines[12].strip() == "loss  (log scale)"
    assert re.fullmatch(r" +└ epoch 1 ─+ 500", lines[19])
    assert len(lines) <= 24


def test_tracked_parameters_have_columns_and_epoch_0_no_speed():
    live = Live(2)
    with live.display as display:
        display.show(report(0, 2, steps=0, loss=9.0, tracked={"W": 5.0, "b": 0.0}))
        display.show(report(1, 2, loss=4.0, tracked={"W": 4.61, "b": -0.4}))
    assert live.last()[2:5] == [
        "epoch   loss     W      b  µs/step",
        "    0  9.000  5.00   0.00",
        "    1  4.000  4.61  -0.40      412",
    ]


def test_what_is_live_shows_the_last_epochs_the_loss_and_the_time_left():
    live = Live(100)
    with live.display as display:
        for epoch in range(1, 51):
            live.clock.now += 0.1
            display.show(report(epoch, 100, loss=100 - epoch))
        lines = live.last()
    assert [line.split()[0] for line in lines[2:15]] == ["epoch", *map(str, range(39, 51))]
    assert lines[16].startswith("loss  █")
    assert lines[16].endswith("99.00 → 50.00")
    assert lines[18] == "epoch  51/100  ━━━━━━━━━━━━━━━───────────────   50%  0:05 left"


def test_a_long_epoch_has_a_bar_of_its_own():
    live = Live(5)
    with live.display as display:
        live.clock.now += 1.5
        display.step(844, 1688, 0.56789)
        lines = live.last()
    assert lines[2:] == [
        "step   844/1,688  ━━━━━━━━━──────────   50%  0:02 left  563 steps/s  loss 0.5679",
        "epoch 1/5         ━──────────────────   10%  0:14 left",
    ]


def test_a_short_epoch_has_no_bar_of_its_own():
    live = Live(5)
    with live.display as display:
        live.clock.now += 0.2
        display.step(5, 10, 0.5)
        lines = live.last()
    assert lines[2:] == ["epoch 1/5  ━━━───────────────────────────   10%"]


def test_an_interrupt_leaves_what_was_reached_and_a_visible_cursor():
    live = Live(5)
    live.interrupted_after(lambda display: display.show(report(1, 5)))
    assert live.err.getvalue().count("\x1b[?25l") == live.err.getvalue().count("\x1b[?25h") == 1
    assert live.last()[:5] == [
        "linear  2 parameters",
        "",
        "epoch    loss  µs/step",
        "    1  0.1234      412",
        "",
    ]


def test_an_interrupt_in_the_first_epoch_leaves_the_title_only():
    live = Live(5)
    live.interrupted_after()
    assert [line for line in live.last() if line] == ["linear  2 parameters"]


def test_no_epochs_leave_the_title():
    live = Live(0)
    with live.display:
        pass
    assert live.last() == ["linear  2 parameters", "", ""]


@pytest.mark.parametrize("width", [20, 40, 80, 200])
@pytest.mark.parametrize("epochs", [5, 300])
def test_nothing_is_wider_than_the_terminal(monkeypatch, width, epochs):
    monkeypatch.setenv("COLUMNS", str(width))
    live = Live(epochs, title="linear  2 parameters, 3 rows")
    metrics = {"root_mean_squared_error": 1.23e-5, "mean_absolute_error": 0.5}
    live.train(range(1, epochs + 1), seconds=0.05, metrics=metrics, val_loss=0.5, val_metrics=metrics)
    lines = re.split(r"\r|\n|\x1b\[\d*[A-Z]", without_styles(live.err.getvalue()).replace("\x1b[?25l", ""))
    assert max(map(len, lines)) <= width
    assert any(line.startswith("epoch ") and "loss" in line for line in lines)


def test_a_table_of_epochs_as_text_has_all_columns():
    metrics = {f"metric_with_a_long_name_{index}": 0.5 for index in range(9)}
    table = EpochTable([report(1, metrics=metrics), None, report(9, metrics=metrics)])
    lines = str(table).split("\n")
    assert lines[0].split() == ["epoch", "loss", *metrics, "µs/step"]
    assert [line.split()[0] for line in lines[1:]] == ["1", "⋮", "9"]


def test_headers_give_way_before_columns_do(monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    metrics = {"root_mean_squared_error": 0.25}
    lines = Live(2).train(range(1, 3), metrics=metrics, val_loss=0.5, val_metrics=metrics)
    assert lines[2:7] == [
        "                                    val_root_",
        "              root_mean_                mean_",
        "                squared_             squared_",
        "epoch   loss       error  val_loss      error  µs/step",
        "    1  32.00      0.2500    0.5000     0.2500      412",
    ]


@pytest.mark.parametrize(("height", "rows"), [(24, 12), (16, 7), (10, 1), (6, 0)])
def test_a_low_terminal_shows_fewer_rows_and_always_the_progress(monkeypatch, height, rows):
    monkeypatch.setenv("LINES", str(height))
    live = Live(50)
    with live.display as display:
        for epoch in range(1, 41):
            live.clock.now += 0.1
            display.show(report(epoch, 50))
        lines = live.last()
    assert len(lines) <= height
    assert sum(re.match(r" +\d+ ", line) is not None for line in lines) == rows
    assert lines[-1].startswith("epoch 41/50  ━━")


def test_warnings_stand_above_the_live_display():
    live = Live(5)
    with live.display as display:
        live.clock.now += 1
        display.show(report(1, 5))
        live.terminal.warning("the inputs reach 255")
    assert live.err.getvalue().count("warning") == 1
    assert live.last()[0] == "linear  2 parameters"


def test_no_color_leaves_a_display_that_can_be_read(monkeypatch):
    monkeypatch.setenv("NO_COLOR", "1")
    live = Live(5)
    live.train(range(1, 4), seconds=0.2)
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", live.err.getvalue())
    assert "━" in live.err.getvalue()
    assert "─" in live.err.getvalue()


def test_headers_stay_on_one_line_where_they_just_fit():
    columns = {"epoch": ["1"], "val_accuracy": ["0.1234"]}
    assert _with_narrow_headers(columns, _width(columns)) == columns
    assert list(_with_narrow_headers(columns, _width(columns) - 1)) == ["epoch", "val_\naccuracy"]


def test_headers_are_no_narrower_than_the_narrowest():
    assert list(_with_narrow_headers({"a_bc_de_fgh": ["1"]}, 1)) == ["a_bc_de_\nfgh"]


def test_an_epoch_of_one_second_is_a_long_one():
    live = Live(5)
    with live.display as display:
        live.clock.now += 0.5
        display.step(5, 10, 0.5)
        lines = live.last()
    assert lines[2].startswith("step  5/10  ")
