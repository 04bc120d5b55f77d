"""What is shown of several trainings: a line for each that is done, and how far all are."""

from screens import Clock, last_drawing, terminal

from mltrain.views.terminal.members_display import members_display
from mltrain.views.terminal.messages import EnsembleOutcome, ensemble_closing

LINES = "fold 1/2  loss 0.1234     accuracy 0.9000   10 epochs\nfold 2/2  loss 0.5000     accuracy 1.000    1 epoch\n"


def show_two(display, clock):
    clock.now += 1
    display.told(1, 0.5)
    display.done({"loss": 0.1234, "accuracy": 0.9}, 10)
    clock.now += 1
    display.told(1, 0.75)


def test_elsewhere_a_training_is_a_line():
    show, out, err = terminal()
    with members_display(show, "fold", 2) as display:
        show_two(display, Clock())
        display.done({"loss": 0.5, "accuracy": 1.0}, 1)
    assert err.getvalue() == LINES
    assert out.getvalue() == ""


def test_quiet_says_nothing():
    show, out, err = terminal(tty=True, quiet=True)
    with members_display(show, "fold", 2) as display:
        show_two(display, Clock())
    assert out.getvalue() + err.getvalue() == ""


def test_a_terminal_shows_a_bar_below_the_lines_until_all_are_done():
    clock = Clock()
    show, _, err = terminal(tty=True)
    with members_display(show, "fold", 2, clock) as display:
        show_two(display, clock)
        first, progress = last_drawing(err.getvalue()).splitlines()
        assert first == LINES.splitlines()[0]
        assert progress.startswith("2 folds  ━")
        assert progress.endswith("  87%  0:00 left")
        display.done({"loss": 0.5, "accuracy": 1.0}, 1)
    assert last_drawing(err.getvalue()) == LINES


def test_the_summary_has_means_with_their_errors():
    outcome = EnsembleOutcome(
        what="5 folds of 100 rows",
        seconds=2.5,
        means={"loss": (0.1234, 0.0123), "accuracy": (0.9, None)},
        folder="runs/a-001",
        files=["model.npz"],
        next_command="mltrain evaluate",
    )
    assert str(ensemble_closing(outcome)).split("\n") == [
        "trained  5 folds of 100 rows in 2.50 s of training",
        "mean     loss 0.1234 ± 0.012  accuracy 0.9000",
        "±        standard error of the mean",
        "saved    runs/a-001: model.npz",
        "next     mltrain evaluate",
    ]
