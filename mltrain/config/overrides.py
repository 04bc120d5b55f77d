"""``--set a.b=value``: overrides of single options of a config."""

import re
from collections.abc import Iterable
from dataclasses import dataclass, field
from typing import Any

from msgspec import inspect

from mltrain.config.convert import form, member, switched, unknown_option
from mltrain.config.dump import to_plain
from mltrain.config.option_types import Kind, ListKind, Struct, alternatives, bare, family_of, options, shown
from mltrain.config.yaml_errors import YamlError
from mltrain.config.yaml_reader import read_yaml
from mltrain.errors import ConfigPath, Problem, UsageError, dotted

_PATH = re.compile(r"[^.\[\]]+(\.[^.\[\]]+|\[[0-9]+\])*")
_PART = re.compile(r"[^.\[\]]+")

_ANYTHING = inspect.AnyType()


@dataclass
class Overridden:
    """Plain data with overrides applied. ``paths`` are the overridden options, each with the argument that set it."""

    data: Any
    paths: dict[ConfigPath, str] = field(default_factory=dict)
    problems: list[Problem] = field(default_factory=list)


class _NotThere(Exception):
    """The option to set does not exist."""

    def __init__(self, problem: Problem):
        super().__init__(problem)
        self.problem = problem


def override(struct: Struct, data: Any, settings: Iterable[str], label: str = "--set") -> Overridden:
    """Set options of plain data that stands for a ``struct``; each of ``settings`` reads ``path=value``.

    Missing sections on the path are created, and a bare name on it becomes a mapping. The data is copied, not changed.
    ``label`` is the name of a setting in messages. Raises `UsageError` for an argument without the form
    ``path=value``; other problems are part of the result.
    """
    result = Overridden(data)
    for setting in settings:
        words = f"{label} {setting}"
        path, problems = _override(struct, setting, result, words)
        result.paths = {old: said for old, said in result.paths.items() if old[: len(path)] != path}
        result.paths.update({path: words, **{problem.path: words for problem in problems}})
        result.problems += problems
    return result


def _override(struct: Struct, setting: str, result: Overridden, words: str) -> tuple[ConfigPath, list[Problem]]:
    """Set one option; returns its path, and the problems with it."""
    target, separator, text = setting.partition("=")
    if not separator or not _PATH.fullmatch(target):
        raise UsageError(f"{words}: expected an option and its value, as in optimizer.learning_rate=0.01")
    parts = _PART.findall(target)
    try:
        value = read_yaml(text)
        result.data, path = _set(inspect.type_info(struct), result.data, parts, (), value.data)
    except YamlError as error:
        path = tuple(int(part) if part.isdecimal() else part for part in parts)
        return path, [Problem(path, str(error))]
    except _NotThere as error:
        return error.problem.path, [error.problem]
    return path, [Problem((*path, *problem.path), problem.message) for problem in value.problems]


def _set(kind: Kind, data: Any, parts: list[str], path: ConfigPath, value: Any) -> tuple[Any, ConfigPath]:
    """The data at ``path`` with a value set at ``parts`` below it, and the value's path."""
    if not parts:
        return value, path
    name, *deeper = parts
    if isinstance(data, list) and (data or form(kind, {}) is None):
        index = _index(name, data, path)
        item, path = _set(_item_kind(kind), data[index], deeper, (*path, index), value)
        return [*data[:index], item, *data[index + 1 :]], path
    mapping = _mapping(kind, data, (*path, name))
    inner, default = _option(kind, mapping, (*path, name))
    item, path = _set(inner, mapping.get(name, default), deeper, (*path, name), value)
    return {**mapping, name: item}, path


def _index(part: str, data: list[Any], path: ConfigPath) -> int:
    items, last = dotted(path), len(data) - 1
    if not part.isdecimal():
        raise _NotThere(Problem((*path, part), f"{items} is a list; say which by its number, as in {items}.0"))
    if int(part) <= last:
        return int(part)
    there = f"there are only {items}[0] to {items}[{last}]" if last > 0 else f"there is only {items}[0]"
    nothing = f"{items} is empty; set all of it, as in {items}=[...]"
    raise _NotThere(Problem((*path, int(part)), there if data else nothing))


def _item_kind(kind: Kind) -> Kind:
    lists = [one for one in map(bare, alternatives(kind)) if isinstance(one, ListKind)]
    return lists[0].item_type if lists else _ANYTHING


def _mapping(kind: Kind, data: Any, path: ConfigPath) -> dict[str, Any]:
    """The data as a mapping into which the option at ``path`` can be set."""
    data = switched(kind, data)
    if isinstance(data, dict):
        return data
    if isinstance(data, str) and any(family_of(one) is not None for one in alternatives(kind)):
        return {"type": data}
    if form(kind, {}) is None or not (data is None or data == []):
        value = "" if data is None else f" is {shown(data)} and"
        raise _NotThere(Problem(path, f"{dotted(path[:-1])}{value} has no options"))
    return {}


def _option(kind: Kind, mapping: dict[str, Any], path: ConfigPath) -> tuple[Kind, Any]:
    """The kind and the default of the option at ``path``, whose last part is its name in the mapping."""
    *_, name = path
    assert isinstance(name, str)
    one = form(kind, mapping)
    if isinstance(one, inspect.DictType):
        return one.value_type, None
    if not isinstance(one, inspect.StructType):
        return _ANYTHING, None
    struct: Struct | None = one.cls
    if (family := family_of(one)) is not None:
        struct = member(family, mapping)
        if struct is None or name == "type":
            return _ANYTHING, None
    assert struct is not None
    if name not in options(struct):
        raise _NotThere(unknown_option(path, struct, mapping))
    option = options(struct)[name]
    return option.kind, None if option.required else to_plain(option.default, defaults=False)
