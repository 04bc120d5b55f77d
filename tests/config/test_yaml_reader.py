import pytest

from mltrain.config.yaml_errors import YamlError
from mltrain.config.yaml_reader import DEEPEST, MOST_ALIASED, Marks, find_marks, read_yaml

pytestmark = pytest.mark.usefixtures("parser")


def problems(text: str) -> dict[str, tuple[int, int]]:
    return {str(problem): mark for problem, mark in read_yaml(text).problems.items()}


def unreadable(text: str) -> str:
    with pytest.raises(YamlError) as error:
        read_yaml(text)
    line, column = error.value.mark
    return f"{line}:{column} {error.value}"


def test_mappings_lists_and_single_values() -> None:
    text = """
# a comment
a: {b: [1, 2.5, three], c: }
d:
  - e: true
    f: 'true'
  - - "1"
    - 1
"""
    data = {"a": {"b": [1, 2.5, "three"], "c": None}, "d": [{"e": True, "f": "true"}, ["1", 1]]}
    assert read_yaml(text) == (data, {})


@pytest.mark.parametrize("text", ["", "\n\n", "# only a comment\n", "---\n", "null"])
def test_nothing(text: str) -> None:
    assert read_yaml(text) == (None, {})


def test_text_in_blocks_and_quotes_is_text() -> None:
    assert read_yaml("a: |\n  1\nb: >-\n  2\nc: '3'\n").data == {"a": "1\n", "b": "2", "c": "3"}


def test_a_document_may_have_its_marks() -> None:
    assert read_yaml("%YAML 1.2\n---\na: 1\n...\n").data == {"a": 1}


def test_a_key_given_twice() -> None:
    assert problems("a: 1\nb: {c: 1, c: 2}\na: 3\n") == {
        "b.c: given twice, first on line 2; keep one": (2, 11),
        "a: given twice, first on line 1; keep one": (3, 1),
    }


def test_the_first_of_two_keys_counts() -> None:
    assert read_yaml("a: 1\na: {b: 2}\n").data == {"a": 1}


@pytest.mark.parametrize("key", ["1", "true", "1e3", "0x10"])
def test_a_key_that_looks_like_another_value_is_the_name_that_is_written(key: str) -> None:
    assert read_yaml(f"a:\n  {key}: 1\n").data == {"a": {key: 1}}


@pytest.mark.parametrize("key", ["null", "~"])
def test_a_key_that_is_no_name(key: str) -> None:
    assert problems(f"a:\n  {key}: 1\n") == {f"a: expected a name, got {key}": (2, 3)}


def test_a_key_that_is_not_there() -> None:
    assert list(problems("a: {? : 1}\n")) == ["a: expected a name, got nothing"]


def test_a_number_in_quotes_may_be_a_name() -> None:
    assert read_yaml("'1': 2\n'<<': 3\n") == ({"1": 2, "<<": 3}, {})


def test_a_merge_key() -> None:
    advice = "YAML 1.2 has no merge key '<<'; write the options out, or use an alias for a whole value"
    assert problems("a: &a {b: 1}\nc:\n  <<: *a\n") == {f"c.<<: {advice}": (3, 3)}


@pytest.mark.parametrize("tag", ["!!python/object:os.system", "!!str", "!include", "!"])
def test_tags(tag: str) -> None:
    assert problems(f"a:\n  - {tag} x\n") == {
        f"a[0]: tags such as '{tag}' are not allowed; write a plain value": (2, 5)
    }


def test_tags_of_collections_and_keys() -> None:
    assert list(problems("a: !!map {}\nb: !!seq []\n!!str c: 1\n").values()) == [(1, 4), (2, 4), (3, 1)]


def test_an_alias_stands_for_a_value() -> None:
    assert read_yaml("a: &a [1, &one one]\nb: *a\nc: {d: *one}\n").data == {
        "a": [1, "one"],
        "b": [1, "one"],
        "c": {"d": "one"},
    }


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("a: *b\n", "1:4 '*b' stands for nothing: there is no '&b' before it"),
        ("a: &a [*a]\n", "1:8 '*a' stands for a value that it is itself part of"),
        ("a: &a x\n*a : 1\n", "2:1 expected a name, got the alias '*a'"),
        ("{{a}}: 1\n", "1:1 expected a name, got a mapping; text with brackets needs quotes"),
        ("? [a]\n: 1\n", "1:3 expected a name, got a list; text with brackets needs quotes"),
        ("a: 1\n---\nb: 1\n", "2:1 a second document begins here, but a config is one document"),
    ],
)
def test_what_no_data_can_be_made_of(text: str, line: str) -> None:
    assert unreadable(text) == line


LEVELS = 10_000

BOMB = "a0: &a0 [x, x, x, x, x, x, x, x, x]\n" + "".join(
    f"a{level}: &a{level} [{', '.join([f'*a{level - 1}'] * 9)}]\n" for level in range(1, 30)
)

STAIRS = "a0: &a0 [x]\n" + "".join(f"a{level}: &a{level} [[[*a{level - 1}]]]\n" for level in range(1, LEVELS))


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[" * LEVELS, "1:33 nested more than 32 levels deep"),
        ("{a: " * LEVELS, "1:129 nested more than 32 levels deep"),
        ("- " * LEVELS, "1:65 nested more than 32 levels deep"),
        ("".join(" " * level + "a:\n" for level in range(1000)), "33:33 nested more than 32 levels deep"),
        (STAIRS, "12:14 nested more than 32 levels deep"),
        (BOMB, "6:10 the aliases up to here stand for more than 100,000 values or characters"),
    ],
    ids=["lists", "mappings", "items", "lines", "aliases of aliases", "alias bomb"],
)
def test_what_would_use_up_stack_or_memory_is_refused_at_once(text: str, line: str) -> None:
    assert unreadable(text) == line


def test_as_deep_as_allowed() -> None:
    data = read_yaml("[" * DEEPEST + "]" * DEEPEST).data
    depth = 0
    while data is not None:
        data, depth = (data or [None])[0], depth + 1
    assert depth == DEEPEST


def test_as_many_aliased_values_as_allowed() -> None:
    tens = MOST_ALIASED // 10
    text = f"a: &a [{', '.join('x' * 9)}]\nb: [{', '.join(['*a'] * tens)}]\n"
    assert len(read_yaml(text).data["b"]) == tens
    assert unreadable(text.replace("b: [", "b: [*a, ")).endswith("stand for more than 100,000 values or characters")


def test_where_keys_and_values_stand() -> None:
    text = "a: 1\nb:\n  - c\n  - {d: 1, e: [1, 2,\n    3]}\nf: &x {g: 1}\nh: *x\nb: {c: 1}\n"
    wanted = [(), ("a",), ("b",), ("b", 1), ("b", 1, "e"), ("b", 1, "e", 2), ("f", "g"), ("h",), ("h", "g"), ("b", "c")]
    assert find_marks(text, wanted) == {
        (): Marks((1, 1), (1, 1)),
        ("a",): Marks((1, 1), (1, 4)),
        ("b",): Marks((2, 1), (3, 3)),
        ("b", 1): Marks((4, 5), (4, 5)),
        ("b", 1, "e"): Marks((4, 12), (4, 15)),
        ("b", 1, "e", 2): Marks((5, 5), (5, 5)),
        ("f", "g"): Marks((6, 8), (6, 11)),
        ("h",): Marks((7, 1), (7, 4)),
    }


def test_columns_count_characters() -> None:
    assert find_marks("{ä: 1, 😀: 2}", [("😀",)]) == {("😀",): Marks((1, 8), (1, 11))}
