from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from mltrain.config.yaml_reader import read_yaml
from mltrain.config.yaml_writer import WIDTH, on_one_line, write_yaml

TEXTS = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.sampled_from(
    [
        "1e-3",
        "true",
        "on",
        "null",
        "~",
        "0o17",
        ".5",
        "-",
        "- a",
        "a: b",
        "a #b",
        "[a]",
        "*a",
        "&a",
        "!a",
        "'a'",
        "\\",
        "<<",
    ]
)
NUMBERS = st.integers(-(10**20), 10**20) | st.floats(allow_nan=False)
DATA = st.recursive(
    st.none() | st.booleans() | NUMBERS | TEXTS,
    lambda inner: st.lists(inner, max_size=8) | st.dictionaries(TEXTS, inner, max_size=4),
    max_leaves=20,
)


@given(st.dictionaries(TEXTS, DATA, max_size=4))
def test_what_is_written_reads_back(data: dict[str, Any]) -> None:
    assert read_yaml(write_yaml(data)) == (data or None, {})


@given(DATA)
def test_what_is_written_on_one_line_reads_back(data: Any) -> None:
    text = on_one_line(data)
    assert "\n" not in text
    assert read_yaml(text) == (data, {})


def test_what_fits_stands_on_a_line_of_its_own() -> None:
    data = {
        "name": "lines",
        "dataset": {"type": "mnist", "validation_split": 0.1},
        "layers": ["flatten", {"type": "dense", "units": 10}],
        "metrics": ["accuracy"],
        "training": {},
    }
    text = """\
name: lines
dataset: {type: mnist, validation_split: 0.1}
layers:
  - flatten
  - {type: dense, units: 10}
metrics: [accuracy]
training: {}
"""
    assert write_yaml(data) == text


def test_what_does_not_fit_has_a_line_for_each_part() -> None:
    data = {
        "long": {"one": "a" * 60, "other": "b" * 60},
        "items": [{"one": "a" * 60, "other": "b" * 60}, {"c": 1}],
        "rows": [[1, 2]] * 30,
    }
    lines = write_yaml(data).splitlines()
    assert lines[:8] == [
        "long:",
        f"  one: {'a' * 60}",
        f"  other: {'b' * 60}",
        "items:",
        f"  - one: {'a' * 60}",
        f"    other: {'b' * 60}",
        "  - {c: 1}",
        "rows:",
    ]
    assert lines[8:] == ["  - [1, 2]"] * 30


def test_long_lists_are_wrapped() -> None:
    numbers = list(range(100))
    lines = write_yaml({"x": {"numbers": numbers, "names": ["a"]}}).splitlines()
    assert lines[1].startswith("  numbers: [0, 1, 2,")
    assert all(line.startswith("    ") for line in lines[2:-1])
    assert max(map(len, lines)) <= WIDTH
    assert min(map(len, lines[1:-2])) > WIDTH - 5


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("dense.kernel", "dense.kernel"),
        ("data/my digits", "data/my digits"),
        ("on", "on"),
        ("true", '"true"'),
        ("1e-3", '"1e-3"'),
        ("", '""'),
        ("a: b", '"a: b"'),
        ("trailing ", '"trailing "'),
        ("größe", '"größe"'),
        ('say "so"', '"say \\"so\\""'),
        ("two\nlines", '"two\\U0000000alines"'),
    ],
)
def test_quotes_where_they_are_needed(text: str, written: str) -> None:
    assert on_one_line(text) == written
