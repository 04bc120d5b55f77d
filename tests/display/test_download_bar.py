import pytest
from screens import Clock, last_drawing, terminal

from mltrain.views.terminal.download import download_bar


def fetch(progress, clock, name="images.gz", total=10_000_000, known=True):
    for tenth in range(11):
        clock.now += 0.3
        progress(name, total * tenth // 10, total if known else None)


def test_elsewhere_a_file_is_a_line():
    show, out, err = terminal()
    with download_bar(show) as progress:
        fetch(progress, Clock())
        fetch(progress, Clock(), "labels.gz", known=False)
    assert err.getvalue() == "downloading images.gz (10.0 MB)\ndownloading labels.gz\n"
    assert out.getvalue() == ""


@pytest.mark.parametrize("tty", [False, True])
def test_quiet_says_nothing(tty):
    show, out, err = terminal(tty=tty, quiet=True)
    with download_bar(show) as progress:
        fetch(progress, Clock())
    assert out.getvalue() + err.getvalue() == ""


def test_a_terminal_shows_a_bar_with_size_rate_and_time_left():
    clock = Clock()
    show, _, err = terminal(tty=True)
    with download_bar(show, clock) as progress:
        progress("images.gz", 0, 10_000_000)
        clock.now += 2
        progress("images.gz", 4_000_000, 10_000_000)
        assert last_drawing(err.getvalue()) == (
            "images.gz  ━━━━━━━━━──────────────   40%  0:03 left  4.0 MB of 10.0 MB  2.0 MB/s"
        )


def test_a_file_of_unknown_size_shows_what_there_is():
    clock = Clock()
    show, _, err = terminal(tty=True)
    with download_bar(show, clock) as progress:
        progress("images.gz", 0, None)
        clock.now += 2
        progress("images.gz", 4_000_000, None)
        assert last_drawing(err.getvalue()) == f"images.gz  {'─' * 30}  4.0 MB  2.0 MB/s"


def test_the_rate_is_there_within_the_first_second():
    clock = Clock()
    show, _, err = terminal(tty=True)
    with download_bar(show, clock) as progress:
        progress("images.gz", 0, None)
        clock.now += 0.5
        progress("images.gz", 1_000_000, None)
        assert last_drawing(err.getvalue()).endswith("  1.0 MB  2.0 MB/s")


def test_what_came_of_each_file_stays():
    clock = Clock()
    show, _, err = terminal(tty=True)
    with download_bar(show, clock) as progress:
        fetch(progress, clock)
        fetch(progress, clock, "labels.gz", 28_881)
    assert last_drawing(err.getvalue()) == "images.gz  10.0 MB in 3.00 s\nlabels.gz  28.9 kB in 3.00 s\n"


def test_a_second_mirror_begins_anew():
    clock = Clock()
    show, _, err = terminal(tty=True)
    with download_bar(show, clock) as progress:
        progress("images.gz", 0, 100)
        clock.now += 60
        progress("images.gz", 50, 100)
        fetch(progress, clock, total=100)
    assert last_drawing(err.getvalue()) == "images.gz  100 B in 3.00 s\n"


def test_no_download_leaves_nothing():
    show, _, err = terminal(tty=True)
    with download_bar(show):
        pass
    assert err.getvalue() == ""


def test_an_interrupt_leaves_a_visible_cursor():
    clock = Clock()
    show, _, err = terminal(tty=True)

    def interrupted():
        with download_bar(show, clock) as progress:
            clock.now += 1
            progress("images.gz", 5, 10)
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        interrupted()
    assert err.getvalue().count("\x1b[?25l") == err.getvalue().count("\x1b[?25h") == 1
