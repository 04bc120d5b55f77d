import pytest
from screens import painted

from mltrain.views.terminal.run_tables import side_by_side
from mltrain.views.terminal.tables import (
    Confusion,
    Prediction,
    SummaryRow,
    SummaryTotals,
    evaluation,
    predictions,
    summary_table,
)

MNIST = summary_table(
    [
        SummaryRow("flatten", "flatten", (784,), 0, 0),
        SummaryRow("hidden", "dense", (512,), 401_920, 401_920),
        SummaryRow("reshape", "reshape", (16, 32), 0, 0),
        SummaryRow("dense", "dense", (10,), 5_130, 5_130),
    ],
    SummaryTotals(parameters=407_050, trainable=407_050, bytes=1_628_200),
)

MNIST_LINES = [
    "layer (type)       output shape  parameters",
    "─" * 43,
    "flatten (flatten)  784                    0",
    "hidden (dense)     512              401,920",
    "reshape (reshape)  16 x 32                0",
    "dense (dense)      10                 5,130",
    "─" * 43,
    "total              1.6 MB           407,050",
    "trainable                           407,050",
]


def test_the_summary_is_that_of_keras():
    assert str(MNIST).split("\n") == MNIST_LINES
    assert painted(MNIST, 80) == MNIST_LINES


def test_a_summary_of_long_names_loses_nothing_at_80_columns():
    name = "a_very_long_name_of_a_layer_that_somebody_thought_was_a_good_idea_to_give_it"
    shape = tuple(range(1000, 1012))
    lines = painted(summary_table([SummaryRow(name, "dense", shape, 12, 12)], SummaryTotals(12, 12, 48)), 80)
    assert max(map(len, lines)) == 80
    assert name in "".join(line.split()[0] for line in lines[2:5])
    assert all(str(length) in "\n".join(lines) for length in shape)


@pytest.mark.parametrize("width", [20, 40])
def test_a_narrow_summary_fits(width):
    assert max(map(len, painted(MNIST, width))) <= max(width, 22)
    assert "401,920" in "\n".join(painted(MNIST, width))


def test_an_evaluation_is_a_line_a_number():
    assert str(evaluation("test", 10_000, 0.071234, {"accuracy": 0.9785})).split("\n") == [
        "rows      10,000 (test)",
        "loss      0.07123",
        "accuracy  0.9785",
    ]


def test_a_confusion_table_has_a_row_for_each_true_class():
    confusion = Confusion(["cat", "dog", "rat"], [[1234, 5, 0], [10, 90, 0], [0, 0, 7]])
    expected = [
        "true ↓  predicted →    cat  dog  rat",
        "cat                  1,234    5    0",
        "dog                     10   90    0",
        "rat                      0    0    7",
    ]
    assert str(confusion).split("\n") == expected
    assert painted(confusion, 80) == expected


def test_a_confusion_table_too_wide_for_the_terminal_lists_the_mistakes():
    classes = [f"class_{index}" for index in range(12)]
    counts = [[100 if guess == true else 0 for guess in range(12)] for true in range(12)]
    counts[3][4], counts[0][11] = 7, 9
    assert painted(Confusion(classes, counts), 80) == [
        "true     taken for  rows",
        "class_0  class_11      9",
        "class_3  class_4       7",
    ]
    assert len(str(Confusion(classes, counts)).split("\n")) == 13


def test_predictions_are_a_line_each():
    rows = [
        Prediction([10.0], [30.9912]),
        Prediction([1, 0, 1, 0, 1], [1.0]),
        Prediction([0.5, 0.25], [1.5, -2.25]),
        Prediction([5.1, 3.5], [0.02, 0.97, 0.01, 0.0], "rose", {"a": 0.02, "rose": 0.97, "b": 0.01, "c": 0.0}),
        Prediction([0.0] * 784, [0.0, 1.0], "7"),
    ]
    assert str(predictions(rows)).split("\n") == [
        "10             →  30.99",
        "1, 0, 1, 0, 1  →  1",
        "0.5, 0.25      →  1.500, -2.250",
        "5.1, 3.5       →  rose           rose 97.0%, a 2.0%, b 1.0%",
        "784 numbers    →  7",
    ]


def test_long_names_of_runs_wrap():
    lines = painted(side_by_side("config", ["first run " * 4, "second run " * 4], [("a", "1", "2")]), 40)
    assert max(map(len, lines)) <= 40
    assert len(lines) > 3
