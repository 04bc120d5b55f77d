"""Plain data -> specs, guided by the annotations of the specs.

Continues after each problem, so that all problems are reported at once.
"""

import contextlib
import math
import re
from collections.abc import Sequence
from functools import cache
from typing import Any, TypeVar, cast

import msgspec
from msgspec import inspect

from mltrain.config.option_types import (
    Kind,
    ListKind,
    Option,
    Struct,
    alternatives,
    bare,
    family_of,
    in_words,
    options,
    owners_of,
    quoted,
    section_of,
    shown,
    switch_of,
    with_article,
)
from mltrain.config.scalars import Unfit, advice, glued, leaf_type, read_leaf
from mltrain.config.yaml_scalars import written
from mltrain.errors import ConfigError, ConfigPath, OptionError, Problem, dotted
from mltrain.names.nearest import LONGEST, alike, did_you_mean, is_spelled_alike
from mltrain.spec import Family, Spec

T = TypeVar("T", bound=msgspec.Struct)

MOST_PROBLEMS = 50
"""The limit of reported problems: a list of a million wrong values must not print a million lines."""

_MANY = 1000
"""The length from which a list of numbers is checked by NumPy as a whole."""

_INVALID: Any = object()
"""The placeholder for a value that has a problem."""


class KeyProblem(Problem):
    """A problem with the name of an option."""

    __slots__ = ()


def convert(struct: type[T], data: Any) -> T:
    """Plain data -> a section, or any member of the family of the spec ``struct``.

    Plain data has the types of YAML or JSON. Raises `ConfigError` with all problems.
    """
    converter = _Converter()
    value = _converted(converter, struct, data)
    if converter.problems:
        raise ConfigError(converter.problems)
    return value


def try_convert(struct: type[T], data: Any) -> tuple[T, list[Problem]]:
    """The spec and all problems; if there are problems, the spec is undefined.

    It refuses lists with duplicate names; `convert` accepts them, since it also reads files of earlier versions.
    """
    converter = _Converter(unique=True)
    return _converted(converter, struct, data), converter.problems


def _converted(converter: "_Converter", struct: type[T], data: Any) -> T:
    value = _INVALID
    with contextlib.suppress(_EnoughProblems):
        value = converter.convert(_kind(struct), data, ())
    return cast(T, value)


@cache
def _kind(struct: type[msgspec.Struct]) -> Kind:
    """The type info of a spec or section, cached: computing it takes a millisecond."""
    return inspect.type_info(struct)


def form(kind: Kind, data: Any) -> Kind | None:
    """The alternative of a kind that matches the form of the data: a list, a mapping, or a member's name."""
    accepted = alternatives(kind)
    for one in map(bare, accepted):
        match data:
            case list() | tuple():
                fits = isinstance(one, ListKind)
            case dict():
                fits = isinstance(one, inspect.StructType | inspect.DictType)
            case str():
                family = family_of(one)
                fits = family is not None and (len(accepted) == 1 or _is_or_resembles_member(family, data))
            case _:
                fits = False
        if fits:
            return one
    return None


def switched(kind: Kind, data: Any) -> Any:
    """The data; for a section, ``true`` is replaced by its defaults and ``false`` by null."""
    if not isinstance(data, bool) or switch_of(kind) is None:
        return data
    return {} if data else None


def _is_or_resembles_member(family: Family, name: str) -> bool:
    names = _all_names(family)
    return name in names or bool(alike(name, names)) or _of_other_tools(family, name) is not None


def _of_other_tools(family: Family, name: str) -> str | None:
    """What to say of a name that other tools have for a member; None if they have none."""
    from mltrain.names.other_tools import member_here  # only for configs with wrong names

    return member_here(family.noun, name, _all_names(family))


def member(family: Family, data: Any) -> type[Spec] | None:
    """The member of a family for plain data: a name, or a mapping with a type."""
    name = data.get("type") if isinstance(data, dict) else data
    return family.find(name) if isinstance(name, str) else None


def unknown_option(path: ConfigPath, struct: Struct, data: dict[str, Any]) -> Problem:
    """The message on the last part of ``path``, an option that the spec or section with this data does not have."""
    *_, name = path
    assert isinstance(name, str)
    known = options(struct)
    message = f"unknown option for {_owner(struct, path[:-1])}"
    if name.isdecimal() and data.get(name) is None:  # {learning_rate: 0,5} are two options, of which 5 is one
        return KeyProblem(path, f"{message}; in a number, write a point, not a comma: a comma begins another option")
    if (name_and_value := glued(name)) is not None:
        return KeyProblem(path, f"{message}; put a space after the colon: '{name_and_value}'")
    from mltrain.names.other_tools import option_here  # only for configs with wrong names

    if (elsewhere := option_here(owners_of(struct), name, known)) is not None:
        return KeyProblem(path, message + elsewhere)
    below = (f"{option.name}.{name}" for option in known.values() if name in _names_below(option, data))
    if (deeper := next(below, None)) is not None:
        return KeyProblem(path, f"{message}; did you mean '{deeper}'?")
    return KeyProblem(path, message + did_you_mean(name, known, f"; it has {', '.join(known) or 'none'}"))


def _owner(struct: Struct, path: ConfigPath) -> str:
    """The name of the spec or section at ``path`` in messages."""
    return struct.type_name() if issubclass(struct, Spec) else dotted(path) or "a config"


def _names_below(option: Option, data: dict[str, Any]) -> list[str]:
    """The names of an option's own options, as far as the data or the default determines its type."""
    sections = [section for one in alternatives(option.kind) if (section := section_of(one)) is not None]
    below = sections[0] if sections else None
    if (family := family_of(option.kind)) is not None:
        below = member(family, data[option.name]) if option.name in data else type(option.default)
    return list(options(below)) if below is not None and issubclass(below, msgspec.Struct) else []


def _all_names(family: Family) -> list[str]:
    return [*family.names(), *family.aliases()]


class _EnoughProblems(Exception):
    pass


class _Converter:
    def __init__(self, *, unique: bool = False) -> None:
        self.problems: list[Problem] = []
        self._unique = unique

    def convert(self, kind: Kind, data: Any, path: ConfigPath, leaf: Any = None) -> Any:
        """The converted value, or `_INVALID` if there is a problem; ``leaf`` is the kind's `leaf_type`."""
        data = switched(kind, data)
        one = form(kind, data)
        if one is None:
            return self._leaf(kind, leaf or leaf_type(kind), data, path)
        if isinstance(one, inspect.DictType):
            items = {name: self.convert(one.value_type, item, (*path, name)) for name, item in data.items()}
            return _INVALID if any(item is _INVALID for item in items.values()) else items
        if isinstance(one, ListKind):
            return self._list(one, data, path)
        assert isinstance(one, inspect.StructType)
        family = family_of(one)
        return self._struct(one.cls, data, path) if family is None else self._member(family, data, path)

    def _leaf(self, kind: Kind, leaf: Any, data: Any, path: ConfigPath) -> Any:
        try:
            value = read_leaf(leaf, data)
        except Unfit:
            return self._refuse(path, _unfit(kind, leaf, data))
        if isinstance(value, float) and not math.isfinite(value):
            return self._refuse(path, f"expected a finite number, got {shown(value)}")
        return value

    def _list(self, kind: ListKind, data: list[Any], path: ConfigPath) -> Any:
        most = math.inf if kind.max_length is None else kind.max_length
        if not (kind.min_length or 0) <= len(data) <= most:
            return self._refuse(
                path, f"expected {in_words(kind)}, got {shown(data)}{f' of {len(data)}' if data else ''}"
            )
        if isinstance(bare(kind.item_type), inspect.AnyType):
            return list(data)  # thousands of rows, which the spec itself validates
        leaf, items = leaf_type(kind.item_type), []
        for start in range(0, len(data), _MANY):
            some = data[start : start + _MANY]
            items += (len(some) == _MANY and _numbers(kind.item_type, leaf, some)) or [
                self.convert(kind.item_type, item, (*path, index), leaf) for index, item in enumerate(some, start)
            ]
        if any(item is _INVALID for item in items) or self._repeats(kind, items, path):
            return _INVALID
        return items if isinstance(kind, inspect.ListType) else tuple(items)

    def _repeats(self, kind: ListKind, items: Sequence[Any], path: ConfigPath) -> bool:
        """Whether a list of names has a duplicate; this is an error in configs, unless items may repeat."""
        if not self._unique or not isinstance(bare(kind.item_type), inspect.StrType):
            return False
        if isinstance(kind.item_type, inspect.Metadata) and (kind.item_type.extra or {}).get("may_repeat"):
            return False
        first: dict[str, int] = {}
        before = len(self.problems)
        for index, name in enumerate(items):
            if first.setdefault(name, index) != index:
                self._add(
                    Problem((*path, index), f"{quoted(name)} is in the list already, as {dotted((*path, first[name]))}")
                )
        return len(self.problems) > before

    def _member(self, family: Family, data: Any, path: ConfigPath) -> Any:
        if isinstance(data, str):
            name, where, data = data, path, {}
        elif "type" not in data:
            return self._refuse(path, _without_type(family, data))
        else:
            name, where = data["type"], (*path, "type")
        if not isinstance(name, str):
            return self._refuse(where, f"expected the name of {with_article(family.noun)}, got {shown(name)}")
        spec = family.find(name)
        if spec is None:
            self._refuse(where, f"unknown {family.noun} {quoted(name)}{_instead(family, name)}")
            meant = [one for one in family.names() if is_spelled_alike(one, name)]
            if not meant:
                return _INVALID
            spec = family.find(meant[0])
            assert spec is not None
            self._struct(spec, {option: data[option] for option in data if option != "type"}, path)
            return _INVALID
        return self._struct(spec, {option: data[option] for option in data if option != "type"}, path)

    def _struct(self, struct: Struct, data: dict[str, Any], path: ConfigPath) -> Any:
        known, before = options(struct), len(self.problems)
        values: dict[str, Any] = {}
        meant: set[str] = set()
        for name, value in data.items():
            if name in known:
                values[name] = self.convert(known[name].kind, value, (*path, name))
            else:
                problem = unknown_option((*path, name), struct, data)
                self._add(problem)
                meant.update(re.findall(r"'(\w+)", problem.message))
        for option in known.values():
            if option.required and option.name not in values and option.name not in meant:
                needs = f"{_owner(struct, path)} needs {in_words(option.kind)} ({option.description})"
                self._add(Problem((*path, option.name), f"missing; {needs}"))
        if len(self.problems) > before:
            return _INVALID
        try:
            return struct(**values)
        except OptionError as error:
            return self._refuse((*path, *error.option), str(error))
        except ValueError as error:
            return self._refuse(path, str(error))

    def _refuse(self, path: ConfigPath, message: str) -> Any:
        self._add(Problem(path, message))
        return _INVALID

    def _add(self, problem: Problem) -> None:
        self.problems.append(problem)
        if len(self.problems) > MOST_PROBLEMS:
            raise _EnoughProblems


def _numbers(kind: Kind, leaf: Any, data: Sequence[Any]) -> list[Any] | None:
    """A list of numbers, converted as a whole: ten times as fast as one by one. None if it has other items."""
    if not isinstance(bare(kind), inspect.FloatType):
        return None
    try:
        numbers = msgspec.convert(data, list[leaf])
    except msgspec.ValidationError:
        return None
    return numbers if all(map(math.isfinite, numbers)) else None


def _without_type(family: Family, data: dict[str, Any]) -> str:
    names = list(data)
    if len(names) == 1 and family.find(names[0]) is not None:
        return f"write {{type: {names[0]}, ...}}, with its options beside the type, not {{{names[0]}: ...}}"
    return f"expected a type that says which {family.noun} this is: {', '.join(family.names())}"


def _instead(family: Family, name: str) -> str:
    """The correction of an unknown member name: the end of a message."""
    names = _all_names(family)
    if called := re.fullmatch(r"(?:\w+\.)*(\w+)\((.*)\)", name[:LONGEST]):  # as in Python: Dense(10), nn.Linear(3, 4)
        if called[2] and (elsewhere := _of_other_tools(family, f"nn_{called[1]}")):
            return elsewhere
        meant = [one for one in names if is_spelled_alike(one, called[1])]
        if meant and called[2]:
            return f"; write {{type: {meant[0]}, ...}}, with its options by name"
        return f"; write {meant[0]}" if meant else _instead(family, called[1])
    return _of_other_tools(family, name) or did_you_mean(name, names, f"; there are {', '.join(family.names())}")


def _unfit(kind: Kind, leaf: Any, data: Any) -> str:
    """The message on data whose form the kind does not accept."""
    accepted = alternatives(kind)
    how = " (NAME or {type: NAME, ...})" if len(accepted) == 1 and family_of(accepted[0]) is not None else ""
    end = advice(leaf, data)
    if any(isinstance(one, ListKind) and _is_valid_item(one, data) for one in map(bare, accepted)):
        end = f"; put it in brackets: [{data if isinstance(data, str) else written(data)}]"
    return f"expected {in_words(kind)}{how}, got {shown(data)}{end}"


def _is_valid_item(kind: ListKind, data: Any) -> bool:
    if isinstance(bare(kind.item_type), inspect.AnyType) or not isinstance(data, str | bool | int | float):
        return False
    converter = _Converter()
    converter.convert(kind.item_type, data, ())
    return not converter.problems
