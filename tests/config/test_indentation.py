"""The line that is indented wrongly is named, and not the one at which the parser stops."""

from pathlib import Path

import pytest

from mltrain.config.yaml_errors import YamlError
from mltrain.config.yaml_reader import read_yaml

CONFIGS = sorted((Path(__file__).parents[2] / "configs").glob("*.yaml"))


def named_line(lines: list[str]) -> int | None:
    try:
        read_yaml("\n".join(lines) + "\n")
    except YamlError as error:
        return error.mark[0]
    return None


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_any_line_of_a_lesson_that_is_moved_is_named(path: Path) -> None:
    lines = path.read_text("utf-8").splitlines()
    refused = 0
    for index, line in enumerate(lines):
        spaces = len(line) - len(line.lstrip())
        if not line.strip() or line.lstrip().startswith("#"):
            continue
        for moved in (spaces - 2, spaces - 1, spaces + 1, spaces + 2, spaces + 3):
            if moved >= 0:
                found = named_line([*lines[:index], " " * moved + line.lstrip(), *lines[index + 1 :]])
                assert found in (None, index + 1), (index + 1, moved)
                refused += found is not None
    assert refused > 5


@pytest.mark.parametrize(
    ("text", "error"),
    [
        (
            "layers:\n  - type: dense\n    units: 3\n   activation: relu\nloss: mse\n",
            "4:4 indented by 3 spaces, unlike the lines around it; with 4 it fits",
        ),
        (
            "dataset:\n   type: csv\n  path: a.csv\n  target: z\nloss: mse\n",
            "2:4 indented by 3 spaces, unlike the lines around it; with 2 it fits",
        ),
        (
            " seed: 1\nloss: mse\n",
            "1:2 indented by 1 space, unlike the lines around it; with 0 it fits",
        ),
    ],
)
def test_how_it_is_told(text: str, error: str) -> None:
    with pytest.raises(YamlError) as caught:
        read_yaml(text)
    assert f"{caught.value.mark[0]}:{caught.value.mark[1]} {caught.value}" == error


def test_a_long_text_is_not_tried_again_and_again() -> None:
    text = "a:\n   b: 1\n  c: 2\n" + "d: 1\n".join(f"# {number}\n" for number in range(5000))
    with pytest.raises(YamlError, match=r"indented unlike its neighbours|has no place here"):
        read_yaml(text)
