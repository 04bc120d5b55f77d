"""docs/reading-the-code.md names files and what to look at in them, all of which is there."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

PAGE = Path(__file__).parents[2] / "docs" / "reading-the-code.md"
ROWS = re.findall(r"^\| (\d+) \| \[.*?\]\((.*?)\).*? \| (.*?) \| .* \|$", PAGE.read_text("utf-8"), re.M)


def defined_in(file: Path) -> Iterator[str]:
    """The functions and classes of a file, and the methods of its classes as ``Class.method``."""
    for node in ast.parse(file.read_text("utf-8")).body:
        if isinstance(node, ast.FunctionDef | ast.ClassDef):
            yield node.name
        if isinstance(node, ast.ClassDef):
            yield from (f"{node.name}.{inner.name}" for inner in node.body if isinstance(inner, ast.FunctionDef))


def test_stations_are_numbered() -> None:
    assert [int(number) for number, _, _ in ROWS] == list(range(1, len(ROWS) + 1))
    assert len(ROWS) > 20


@pytest.mark.parametrize(("file", "names"), [(file, names) for _, file, names in ROWS])
def test_what_to_look_at_is_there(file: str, names: str) -> None:
    wanted = set(re.findall(r"`([^`]+)`", names))
    assert wanted
    assert wanted <= set(defined_in(PAGE.parent / file))
