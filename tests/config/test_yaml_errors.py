import pytest

from mltrain.config.yaml_errors import YamlError, events

pytestmark = pytest.mark.usefixtures("parser")

FAULTS = {
    "a tab": ("layers:\n\t- flatten\n", "2:1 a tab; YAML is indented with spaces only"),
    "a tab after spaces": ("a:\n  b: 1\n \tc: 2\n", "3:2 a tab; YAML is indented with spaces only"),
    "a colon too many": (
        "a: b: c\n",
        "1:5 this colon has no place here; is the line indented like its neighbours?",
    ),
    "a line too far in": (
        "a: 1\n  b: 2\n",
        "2:3 indented by 2 spaces, unlike the lines around it; with 0 it fits",
    ),
    "a line too far out": (
        "a:\n  b: 1\n c: 2\n",
        "3:2 indented by 1 space, unlike the lines around it; with 2 it fits",
    ),
    "an item too far out": (
        "a:\n  - b\n - c\n",
        "3:2 indented by 1 space, unlike the lines around it; with 2 it fits",
    ),
    "no space after the colon": ("seed: 1\nepochs:5\n", "2:7 put a space after the colon: 'epochs: 5'"),
    "no space after the first colon": ("epochs:5\nseed: 1\n", "1:7 put a space after the colon: 'epochs: 5'"),
    "no name": ("a: 2\n: 3\n", "2:1 there is no name before this colon"),
    "no colon": ("seed: 1\nepochs\nname: a\n", "2:1 expected 'name: value' on this line"),
    "an open bracket": ("a: [1, 2\nb: 3\n", "2:2 expected ',' or ']' here: the '[' of line 1 is still open"),
    "an open brace": ("a: {b: 1\nc: 3\n", "2:2 expected ',' or '}' here: the '{' of line 1 is still open"),
    "no comma": ("{type: dense units: 5}\n", "1:19 expected ',' or '}' here: the '{' of line 1 is still open"),
    "two commas": ("a: [1,,2]\n", "1:7 a value is missing here"),
    "a bracket too many": ("a: [1]]\n", "1:7 this ']' closes nothing"),
    "a brace too many": ("a: {b: 1}}\n", "1:10 this '}' closes nothing"),
    "an open quote": ("a: 'b\nc: 1\n", "1:4 this quote is never closed"),
    "text after a quote": (
        "a: 'b' c\n",
        "1:8 the value ends before this; put all of it in quotes, or each option on a line of its own",
    ),
    "a list on the line of its name": ("a: - b\n", "1:4 a list of '- ' items begins on a line of its own"),
    "an option in a list": ("- a\nb: 1\n", "2:1 the list that begins on line 1 goes on with '- ', in column 1"),
    "an item among options": (
        "a: 1\n- b\n",
        "2:1 a list item has no place here: the section that begins on line 1 goes on with 'name: value'",
    ),
    "a character with a meaning": ("a: @b\n", "1:4 a value cannot begin with '@'; put it in quotes"),
    "after the end": ("a: 1\n...\nb: 2\n", "3:1 the '...' above ends the config; nothing may follow it"),
    "a null byte": ("a: 1\nb: x\0\n", "2:5 this is not text: it holds the character '\\x00'"),
    "a byte that is no UTF-8": ("a: \udce4\n", "1:4 this is not UTF-8 text: it holds the byte 0xe4"),
    "half of a character": ("a: \ud800\n", "1:4 this is not text: it holds the character '\\ud800'"),
}


@pytest.mark.parametrize(("text", "line"), FAULTS.values(), ids=FAULTS)
def test_faults_in_words(text: str, line: str) -> None:
    with pytest.raises(YamlError) as error:
        list(events(text))
    assert f"{error.value.mark[0]}:{error.value.mark[1]} {error.value}" == line


def test_an_unknown_escape_in_double_quotes() -> None:
    with pytest.raises(YamlError, match=r"within double quotes '\\' begins a special character; use single quotes"):
        list(events('a: "\\q"\n'))


def test_a_rare_fault_in_the_words_of_the_parser() -> None:
    with pytest.raises(YamlError, match="not YAML: found incompatible YAML document"):
        list(events("%YAML 3.0\n---\na: 1\n"))


def test_what_is_wrong_at_the_end_of_the_text() -> None:
    with pytest.raises(YamlError, match="the '\\[' of line 1 is still open") as error:
        list(events("a: [1, 2\n"))
    assert error.value.mark == (2, 1)
