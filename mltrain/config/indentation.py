"""Which line of a text that is no YAML is indented wrongly.

A parser complains where it can go no further, which is often a line later. Here the line is looked for with which alone
the text becomes YAML when it is indented as the lines around it are.
"""

from collections.abc import Callable, Iterator
from typing import NamedTuple

from mltrain.config import Config

_NEAR = 12
"""Lines with content above the parser's complaint that may have caused it."""

_LONGEST = 20_000
"""Characters of a text that is tried again and again."""


class Misindented(NamedTuple):
    """A line (counted from 1), the spaces before it, and how many there should be."""

    line: int
    spaces: int
    wanted: int


def misindented(text: str, complaint: int, parses: Callable[[str, int], bool]) -> Misindented | None:
    """The line to indent otherwise, at or above line ``complaint``, so that the text parses; None if none helps.

    ``parses`` says of a text whether it does, and whether something begins on the line of the given index: text that
    goes on from the line above is no option.

    Where several would do, it is the one that leaves the most sections of a config where sections stand, and the fewest
    different depths; then one that goes to a usual depth.
    """
    if len(text) > _LONGEST:
        return None
    lines = text.split("\n")
    with_content = [index for index, line in enumerate(lines) if line.strip() and not line.lstrip().startswith("#")]
    near = [index for index in with_content if index < complaint][-_NEAR:]
    found = [
        (_oddness(changed, wanted), Misindented(index + 1, _spaces(lines[index]), wanted))
        for index in near
        for wanted in _depths_around(lines, with_content, index)
        if parses("\n".join(changed := _indented(lines, index, wanted)), index)
    ]
    return min(found)[1] if found else None


def _indented(lines: list[str], index: int, spaces: int) -> list[str]:
    return [*lines[:index], " " * spaces + lines[index].lstrip(" "), *lines[index + 1 :]]


def _oddness(lines: list[str], wanted: int) -> tuple[bool, int, bool, int, int, int]:
    """How unlikely it is that a text was meant so, in which one line was given the depth ``wanted``."""
    outermost = [line.partition(":")[0] for line in lines if line[:1].isalpha()]
    misplaced = sum(1 if name not in Config.__struct_fields__ else -1 for name in outermost)
    return not outermost, misplaced, wanted == 0, len(_depths(lines)), wanted % 2, wanted


def _spaces(line: str) -> int:
    return len(line) - len(line.lstrip(" "))


def _depths(lines: list[str]) -> set[int]:
    return {_spaces(line) for line in lines if line.strip() and not line.lstrip().startswith("#")}


def _depths_around(lines: list[str], with_content: list[int], index: int) -> Iterator[int]:
    """The depths at which a line may stand: that of its neighbours, and one level below the line above."""
    place = with_content.index(index)
    around = [with_content[near] for near in (place - 2, place - 1, place + 1) if 0 <= near < len(with_content)]
    depths = {_spaces(lines[near]) for near in around} | {0}
    if place:
        above = _spaces(lines[with_content[place - 1]])
        depths |= {above + 2, max(0, above - 2)}
    yield from sorted(depths - {_spaces(lines[index])})
