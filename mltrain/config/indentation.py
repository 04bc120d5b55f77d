"""Finds the wrongly indented line of a text that is not valid YAML.

A parser reports the line at which it stops, which is often a later one. This search finds the one line whose change of
indentation, to a depth of its neighbours, makes the text valid YAML.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from mltrain.config import Config

_NEAR = 12
"""The number of non-blank lines above the parser's error that are candidates."""

_LONGEST = 20_000
"""The longest text, in characters, that is parsed once for each candidate."""


class Misindented(NamedTuple):
    """A line (counted from 1), its number of leading spaces, and the right number."""

    line: int
    spaces: int
    wanted: int


def misindented(text: str, complaint: int, parses: Callable[[str, int], bool]) -> Misindented | None:
    """The line at or above line ``complaint`` whose reindentation makes the text parse; None if there is none.

    ``parses`` returns whether a text is valid YAML in which a node begins on the line of the given index: a line that
    continues the scalar above is not an option.

    Several candidates are ranked: first the one with most config sections at the outermost level, then a depth other
    than 0, then the fewest distinct depths, then an even depth.
    """
    if len(text) > _LONGEST:
        return None
    lines = text.split("\n")
    with_content = [index for index, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    near = [index for index in with_content if index < complaint][-_NEAR:]
    found = [
        (_rank(changed, wanted), Misindented(index + 1, _spaces(lines[index]), wanted))
        for index in near
        for wanted in _depths_around(lines, with_content, index)
        if parses("\n".join(changed := _indented(lines, index, wanted)), index)
    ]
    return min(found)[1] if found else None


def _indented(lines: list[str], index: int, spaces: int) -> list[str]:
    return [*lines[:index], " " * spaces + lines[index].lstrip(" "), *lines[index + 1 :]]


def _rank(lines: list[str], wanted: int) -> tuple[bool, int, bool, int, int, int]:
    """The rank of a repaired text, in which one line was given the depth ``wanted``; lower is more likely."""
    outermost = [line.partition(":")[0] for line in lines if line[:1].isalpha()]
    misplaced = sum(1 if name not in Config.__struct_fields__ else -1 for name in outermost)
    return not outermost, misplaced, wanted == 0, len(_depths(lines)), wanted % 2, wanted


def _spaces(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _depths(lines: list[str]) -> set[int]:
    return {_spaces(line) for line in lines if line.strip() and not line.lstrip().startswith("#")}


def _depths_around(lines: list[str], with_content: list[int], index: int) -> Iterator[int]:
    """The depths that are tried for a line: 0, those of its neighbours, one level more or less than the line above."""
    place = with_content.index(index)
    around = [with_content[near] for near in (place - 2, place - 1, place + 1) if 0 <= near < len(with_content)]
    depths = {_spaces(lines[near]) for near in around} | {0}
    if place:
        above = _spaces(lines[with_content[place - 1]])
        depths |= {above + 2, max(0, above - 2)}
    yield from sorted(depths - {_spaces(lines[index])})
