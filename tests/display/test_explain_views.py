import pytest
from screens import Tty, painted

from mltrain.views.terminal.explain import Entry, Listing, Member, Option, explanation, listings
from mltrain.views.terminal.terminal import Channel

FAMILIES = listings(
    [
        Listing("layers", [Entry("dense", "A weighted sum: ``x @ kernel``."), Entry("flatten", "Rows as lines.")]),
        Listing("losses", [Entry("mean_squared_error", "How far off predictions are.")]),
    ]
)

DENSE = Member(
    name="dense",
    noun="layer",
    aliases=("linear_layer",),
    docstring="""Every output is a sum: ``x @ kernel``.

    Input ``(rows, inputs)``,
    output ``(rows, units)``.

    - a list
    - of two
    """,
    options=[
        Option("units", "a whole number, at least 1", None, "number of neurons"),
        Option("use_bias", "true or false", "true", "add a learned constant to each ``sum``"),
    ],
    example="layers:\n  - {type: dense, units: 4}\n",
)


def test_families_are_listed_with_a_line_a_member():
    assert str(FAMILIES).split("\n") == [
        "layers",
        "  dense    A weighted sum: x @ kernel.",
        "  flatten  Rows as lines.",
        "",
        "losses",
        "  mean_squared_error  How far off predictions are.",
    ]


def test_help_wraps_beside_the_name_and_goes_below_it_where_there_is_no_room():
    view = listings([Listing("layers", [Entry("dense", "word " * 12 + "end")])])
    assert painted(view, 60) == [
        "layers",
        "  dense  " + " ".join(["word"] * 10),
        "         word word end",
    ]
    assert painted(view, 30) == [
        "layers",
        "  dense",
        "    " + " ".join(["word"] * 5),
        "    " + " ".join(["word"] * 5),
        "    word word end",
    ]


def test_a_member_is_explained_with_options_and_an_example():
    assert str(explanation(DENSE)).split("\n") == [
        "dense  layer, also linear_layer",
        "",
        "Every output is a sum: x @ kernel.",
        "",
        "Input (rows, inputs), output (rows, units).",
        "",
        "- a list",
        "- of two",
        "",
        "options",
        "            takes                       default",
        "  units     a whole number, at least 1  (required)  number of neurons",
        "  use_bias  true or false               true        add a learned constant to each sum",
        "",
        "example",
        "  layers:",
        "    - {type: dense, units: 4}",
    ]


def test_options_are_listed_where_their_table_is_too_wide():
    lines = painted(explanation(DENSE), 60)
    assert lines[9:14] == [
        "options",
        "  units  a whole number, at least 1, required",
        "    number of neurons",
        "  use_bias  true or false, default true",
        "    add a learned constant to each sum",
    ]


def test_a_member_without_options_or_aliases_has_neither():
    text = str(explanation(DENSE._replace(options=(), aliases=())))
    assert text.startswith("dense  layer\n")
    assert "options" not in text


@pytest.mark.parametrize("width", [20, 40, 80])
def test_no_explanation_is_wider_than_the_terminal(width):
    view = explanation(DENSE._replace(example="- dense"))
    assert max(map(len, painted(view, width))) <= max(width, len("dense  layer, also linear_layer"))


def test_code_in_a_docstring_is_coloured():
    stream = Tty()
    Channel(stream).print(explanation(DENSE))
    assert "\x1b[36mx" in stream.getvalue()
    assert "`" not in stream.getvalue()
