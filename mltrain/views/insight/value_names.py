"""Short names of the values in a parameter's list, as pictures write them: what differs between the values.

values ──what all have in common is left out──> in words ──if still long: numbered and cut──> names
"""

from collections.abc import Sequence
from itertools import takewhile
from typing import Any

from mltrain.config.yaml_writer import on_one_line

_LONGEST, _END = 24, 9
"""Characters of a name that is not cut, as more do not fit below an axis; and of the end of one that is cut."""

_NOTHING = "none"
"""The name of a value that has nothing but what all have in common."""


def value_names(values: Sequence[Any]) -> tuple[list[str], bool]:
    """A name for each value, all different, and whether they begin with their numbers in the list, as in ``2: dense``.

    Short values are as in the config: ``{type: sgd, momentum: 0.9}`` is ``sgd, momentum: 0.9``. Of long ones, what all
    have in common is left out: of lists of layers the first and last layers, and then the options that are the same.
    """
    texts = [on_one_line(value) for value in values]
    bare = [text[7:-1] if text.startswith("{type: ") else text for text in texts]
    names = bare if len(set(bare)) == len(bare) else texts
    if max(map(len, names)) <= _LONGEST:
        return names, False
    differing = [_in_words(value) for value in _without_common(values)]
    if len(set(differing)) == len(differing):
        names = differing
    if max(map(len, names)) <= _LONGEST:
        return names, False
    return [f"{number}: {_cut(name)}" for number, name in enumerate(names, 1)], True


def _without_common(values: Sequence[Any]) -> Sequence[Any]:
    """The values without what is the same in all of them."""
    if all(isinstance(value, list) for value in values):
        lists = [value[_alike(values) :] for value in values]
        reversed_lists = [value[::-1] for value in lists]
        lists = [value[: len(value) - _alike(reversed_lists)] for value in lists]
        if len(set(map(len, lists))) > 1:
            return _without_common_options(lists)
        columns = [_without_common(column) for column in zip(*lists, strict=True) if not _are_same(column)]
        return [list(items) for items in zip(*columns, strict=True)]
    if any(isinstance(value, dict) for value in values) and all(isinstance(value, dict | str) for value in values):
        return _differing([value if isinstance(value, dict) else {"type": value} for value in values])
    return values


def _without_common_options(lists: Sequence[list[Any]]) -> Sequence[list[Any]]:
    """Lists of different lengths without the options that all of their items have in common."""
    items = [item for value in lists for item in value]
    if not all(isinstance(item, dict) for item in items):
        return lists
    differing = _differing(items)
    left = iter(differing if all(differing) else items)
    return [[next(left) for _ in value] for value in lists]


def _differing(options: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The options that are not the same in all."""
    common = {key for key in options[0] if all(key in one for one in options)}
    common = {key for key in common if _are_same([one[key] for one in options])}
    return [{key: one[key] for key in one if key not in common} for one in options]


def _alike(lists: Sequence[list[Any]]) -> int:
    """How many items at the beginning are the same in all lists."""
    return sum(1 for _ in takewhile(_are_same, zip(*lists, strict=False)))


def _are_same(values: Sequence[Any]) -> bool:
    return len({on_one_line(value) for value in values}) == 1


def _in_words(value: Any, within: bool = False) -> str:
    """``dense 8 relu + dropout 0.5`` for a list of layers; ``sgd, momentum: 0.9`` for one description."""
    if isinstance(value, list):
        return " + ".join(_in_words(item, within=True) for item in value) or _NOTHING
    if not isinstance(value, dict):
        return on_one_line(value)
    if within:
        return " ".join(on_one_line(one) for one in value.values()) or _NOTHING
    parts = (on_one_line(one) if key == "type" else f"{key}: {on_one_line(one)}" for key, one in value.items())
    return ", ".join(parts) or _NOTHING


def _cut(name: str) -> str:
    return name if len(name) <= _LONGEST else f"{name[: _LONGEST - _END - 1]}…{name[-_END:]}"
