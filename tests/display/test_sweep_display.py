"""The table of trials: what fits a terminal, and what stays of a long sweep."""

from screens import painted, terminal, without_styles

from mltrain.views.terminal.sweep_display import sweep_display
from mltrain.views.terminal.trials_table import TrialRow, TrialsTable

VALUES = {"optimizer": "{type: sgd, momentum: 0.9}", "optimizer.learning_rate": 0.0005458, "layers.0.units": 256}
ROWS = [
    TrialRow(1, "complete", 0.95, VALUES),
    TrialRow(2, "pruned", 0.5, {**VALUES, "optimizer": "adam"}),
    TrialRow(3, "failed", None, VALUES),
]


def test_a_wide_terminal_and_a_file_have_whole_names_and_values() -> None:
    table = TrialsTable("val_accuracy", ROWS, ROWS[0])
    header, first, second, third = str(table).splitlines()
    assert header.split() == ["trial", "val_accuracy", *VALUES]
    assert first.split(maxsplit=2)[2].startswith("{type: sgd, momentum: 0.9}  0.0005458")
    assert second.endswith("pruned")
    assert third.split()[1] == "failed"


def test_a_narrow_terminal_has_short_names_and_then_fewer_parameters() -> None:
    short = painted(TrialsTable("val_accuracy", ROWS, ROWS[0]), 80)
    assert short[0].split() == ["trial", "val_accuracy", "optimizer", "learning_rate", "units"]
    two = {f"layers.{place}.units": place for place in range(6)}
    few = painted(TrialsTable("val_loss", [TrialRow(1, "complete", 0.5, two)], None, live=True), 48)
    assert few[0].split() == ["trial", "val_loss", "0.units", "1.units", "2.units", "+3"]
    assert len(few) == 2


def test_rows_of_a_live_table_are_one_line_each_with_the_best_below_them() -> None:
    lines = painted(TrialsTable("val_accuracy", ROWS, ROWS[0], live=True), 80)
    assert [line.split()[0] for line in lines[-4:]] == ["1", "2", "3", "best"]
    assert "sgd, momentum: …" in lines[-1]


def test_a_long_sweep_leaves_the_last_trials_and_the_best() -> None:
    shown, _, err = terminal(tty=True)
    rows = [TrialRow(number, "complete", 1 / number, VALUES) for number in range(1, 101)]
    with sweep_display(shown, "val_loss", 100) as display:
        display.show(rows, rows[-1])
    text = without_styles(err.getvalue())
    assert "trials before these" in text
    assert "best 100" in text
    assert 1 < text.count("0.0005458") < 100
