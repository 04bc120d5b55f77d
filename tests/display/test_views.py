import pytest
from screens import painted

from mltrain.views.terminal.views import (
    ACCENT,
    RULE,
    Column,
    Paragraph,
    Prose,
    Span,
    Stack,
    Table,
    cells,
    folded,
    verbatim,
    wrapped,
)

TABLE = Table(
    [Column("name", wraps=True), Column("number", right=True), Column("", wraps=True)],
    [("one", "1", "the first of them"), RULE, (Span("total", ACCENT), "1,234", "")],
)


def test_a_table_is_aligned_and_its_headers_are_too():
    assert str(TABLE).split("\n") == [
        "name   number",
        "one         1  the first of them",
        "─" * len("name   number  the first of them"),
        "total   1,234",
    ]


def test_a_terminal_with_room_shows_what_a_file_would():
    assert painted(TABLE, 80) == str(TABLE).split("\n")


def test_columns_that_wrap_give_way():
    assert painted(TABLE, 24) == [
        "name   number",
        "one         1  the first",
        "               of them",
        "─" * 24,
        "total   1,234",
    ]


@pytest.mark.parametrize("width", [1, 5, 12, 18])
def test_no_text_is_lost_where_nothing_fits(width):
    shown = "".join("".join(painted(TABLE, width)).split())
    assert all(shown.count(letter) >= str(TABLE).count(letter) for letter in "namefirst1234")


def test_headers_of_several_lines_stand_at_the_bottom():
    table = Table([Column("a\nb", right=True), Column("c")], [("1.25", "2")])
    assert str(table).split("\n") == ["   a", "   b  c", "1.25  2"]


def test_wide_characters_take_two_columns():
    assert cells("猫") == 2
    assert cells("e\u0301") == 1
    assert str(Table([Column(""), Column("")], [("猫", "1"), ("dog", "2")])).split("\n") == ["猫   1", "dog  2"]


def test_folding_breaks_between_words_and_within_long_ones():
    assert folded("one two three", 8) == ["one two", "three"]
    assert folded("abcdefgh i", 3) == ["abc", "def", "gh", "i"]
    assert folded("abcdef", 3) == ["abc", "def"]
    assert folded("", 3) == [""]


def text(lines):
    return ["".join(span.text for span in line) for line in lines]


def test_wrapping_keeps_styles_and_hangs():
    line = [Span("see "), Span("dense", ACCENT), Span(", and more of it")]
    lines = list(wrapped(line, 12, hanging=2))
    assert text(lines) == ["see dense,", "  and more", "  of it"]
    assert [span.text for span in lines[0] if span.style == ACCENT] == ["dense"]


def test_wrapping_leaves_words_and_indents_whole():
    assert text(wrapped([Span("  a/very/long/path.yaml is not there")], 12, hanging=4)) == [
        "  a/very/long/path.yaml",
        "    is not",
        "    there",
    ]


def test_paragraphs_wrap_on_terminals_only():
    paragraph = Paragraph([Span("word " * 30 + "end")])
    assert str(paragraph).count("\n") == 0
    assert len(painted(paragraph, 40)) == 4


def test_prose_is_broken_at_a_readable_width_everywhere():
    prose = Prose([Span("word " * 60 + "end")])
    assert str(prose).split("\n") == painted(prose, 200)
    assert 70 < max(map(len, str(prose).split("\n"))) <= 88


def test_what_is_verbatim_stays_whole():
    command = "mltrain predict --model runs/a-long-name-of-a-run-001 --x 1,2,3,4,5,6,7,8"
    assert painted(verbatim(command), 20) == [command]


def test_views_stand_below_each_other():
    assert str(Stack([verbatim("a"), verbatim(""), verbatim("b\nc")])) == "a\n\nb\nc"
    assert painted(Stack([verbatim("a"), verbatim(""), verbatim("b\nc")]), 80) == ["a", "", "b", "c"]


def test_control_characters_are_written_out():
    assert str(verbatim("a\x1b[2Jb\x9b\tc")) == "a\\x1b[2Jb\\x9b\tc"
    assert painted(verbatim("a\x1b[2Jb"), 80) == ["a\\x1b[2Jb"]
