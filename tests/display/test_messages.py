import pytest
from screens import Tty, painted, without_styles

from mltrain.errors import printable
from mltrain.views.terminal.messages import Outcome, closing, error, note, warning
from mltrain.views.terminal.terminal import Channel

PROBLEMS = """\
configs/mnist.yaml:6:20  layers[1].unit: unknown option for dense; did you mean 'units'?
configs/mnist.yaml:12:7   loss: unknown loss 'mse_loss'; did you mean 'mse'?
--set epochs=1  epochs: unknown option; did you mean 'training.epochs'?"""


def test_messages_begin_with_what_they_are():
    assert [str(view) for view in (error("a"), warning("b"), note("c"))] == ["error: a", "warning: b", "note: c"]


def test_problems_of_a_config_are_aligned():
    assert str(error(PROBLEMS)).split("\n") == [
        "error: configs/mnist.yaml:6:20  layers[1].unit: unknown option for dense; did you mean 'units'?",
        "       configs/mnist.yaml:12:7  loss: unknown loss 'mse_loss'; did you mean 'mse'?",
        "       --set epochs=1           epochs: unknown option; did you mean 'training.epochs'?",
    ]


def test_on_a_terminal_problems_wrap_between_words_and_the_label_is_red():
    stream = Tty()
    Channel(stream).print(error(PROBLEMS))
    assert stream.getvalue().startswith("\x1b[1;31merror:\x1b[0m")
    assert without_styles(stream.getvalue()).split("\n")[:3] == [
        "error: configs/mnist.yaml:6:20  layers[1].unit: unknown option for dense; did",
        "         you mean 'units'?",
        "       configs/mnist.yaml:12:7  loss: unknown loss 'mse_loss'; did you mean",
    ]


def test_what_is_tried_stands_below_what_happened():
    assert str(error("training diverged\n  try a smaller learning rate")).split("\n") == [
        "error: training diverged",
        "         try a smaller learning rate",
    ]


def test_an_empty_line_stays_empty():
    lines = str(error("a\n\nb")).split("\n")
    assert lines == ["error: a", "", "       b"]
    assert [line.rstrip() for line in painted(error("a\n\nb"), 40)] == lines
    assert painted(error(""), 40) == ["error: "]


def test_a_single_line_hangs_beside_its_label():
    assert painted(note("the newest run is runs/linear-003"), 24) == [
        "note: the newest run is",
        "      runs/linear-003",
    ]


OUTCOME = Outcome(
    epochs=500,
    planned=500,
    seconds=0.3124,
    values={"loss": 1.234e-5, "accuracy": 0.97853},
    folder="runs/linear-001",
    files=("model.npz", "config.yaml", "history.csv"),
    next_command="mltrain predict --x 10",
)


def test_the_last_word_says_what_was_reached_where_it_is_and_what_to_type():
    assert str(closing(OUTCOME)).split("\n") == [
        "trained  500 epochs in 0.312 s",
        "reached  loss 1.234e-05  accuracy 0.9785",
        "saved    runs/linear-001: model.npz, config.yaml, history.csv",
        "next     mltrain predict --x 10",
    ]


def test_a_training_that_was_stopped_says_how_far_it_got():
    lines = str(closing(OUTCOME._replace(epochs=2, planned=5))).split("\n")
    assert lines[0] == "stopped  after 2 of 5 epochs in 0.312 s"


def test_a_training_that_stopped_by_itself_says_why_and_whose_weights_it_has():
    outcome = OUTCOME._replace(epochs=9, stopped_by="loss did not improve for 5 epochs", model="of epoch 4, the best")
    first, _, third, *_ = str(closing(outcome)).split("\n")
    assert first == "stopped  after 9 of 500 epochs in 0.312 s: loss did not improve for 5 epochs"
    assert third == "model    of epoch 4, the best"


def test_an_untrained_model_says_so():
    lines = str(closing(OUTCOME._replace(epochs=0, planned=0, values={}))).split("\n")
    assert lines == [
        "trained  not at all, as 0 epochs say",
        "saved    runs/linear-001: model.npz, config.yaml, history.csv",
        "next     mltrain predict --x 10",
    ]


def test_the_next_command_can_be_copied_from_a_narrow_terminal():
    lines = painted(closing(OUTCOME), 20)
    assert lines[-1] == "next     mltrain predict --x 10"
    assert "         model.npz," in lines


@pytest.mark.parametrize(("length", "whole"), [(500, True), (501, False)])
def test_a_long_line_keeps_its_ends(length, whole):
    line = "a" * (length - 1) + "z"
    assert printable(line) == (line if whole else "a" * 250 + " ... " + "a" * 249 + "z")
