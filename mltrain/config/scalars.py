"""Conversion of scalars, such as numbers and texts, to an option's type, with hints for invalid ones."""

import re
from typing import Annotated, Any, Literal, Union

import msgspec
from msgspec import Meta, inspect

from mltrain.config.option_types import Kind, alternatives, bare, is_optional
from mltrain.config.yaml_scalars import resolve, written

_LEAVES: dict[type[Kind], Any] = {
    inspect.AnyType: Any,
    inspect.BoolType: bool,
    inspect.IntType: int,
    inspect.FloatType: float,
    inspect.StrType: str,
}

_FOUND: dict[int, tuple[Kind, Any]] = {}
"""The cache of `leaf_type`, by the ids of kinds, which are not hashable."""


_THOUSANDS = re.compile(r"[-+]?[0-9]{1,3}([,_ ][0-9]{3})+(\.[0-9]+)?")
_DECIMAL_COMMA = re.compile(r"[-+]?[0-9]*,[0-9]+([eE][-+]?[0-9]+)?")


class Unfit(Exception):
    """A value has the wrong type for an option."""


def leaf_type(kind: Kind) -> Any:
    """The annotation of those alternatives of a kind that are single values; None if there are none."""
    known = _FOUND.get(id(kind))
    if known is None:  # a reference to the kind, so that its id is not reused
        known = _FOUND[id(kind)] = kind, _leaf_type(kind)
    return known[1]


def _leaf_type(kind: Kind) -> Any:
    found = [_annotation(one) for one in map(bare, alternatives(kind)) if _is_leaf(one)]
    types = [*found, None] if is_optional(kind) else found
    return Union[tuple(types)] if types else None  # noqa: UP007  (`|` takes no tuple)


def _is_leaf(kind: Kind) -> bool:
    return type(kind) in _LEAVES or isinstance(kind, inspect.LiteralType)


def _annotation(kind: Kind) -> Any:
    if isinstance(kind, inspect.LiteralType):
        return Literal[kind.values]
    constraints = {name: getattr(kind, name) for name in kind.__struct_fields__}
    if constraints.get("pattern"):
        # In Python, unlike in JSON Schema, $ matches before a last line break too.
        constraints["pattern"] = re.sub(r"\$$", r"\\Z", constraints["pattern"])
    return Annotated[_LEAVES[type(kind)], Meta(**constraints)]


def read_leaf(leaf: Any, data: Any) -> Any:
    """A single value as the type that `leaf_type` found. Raises `Unfit`."""
    if leaf is None:
        raise Unfit
    try:
        return msgspec.convert(data, leaf)
    except msgspec.ValidationError:
        # A number such as 1e3 is whole, even though it is written as a float.
        if isinstance(data, float) and data.is_integer():
            return read_leaf(leaf, int(data))
        raise Unfit from None


def fits(leaf: Any, data: Any) -> bool:
    try:
        read_leaf(leaf, data)
    except Unfit:
        return False
    return True


def advice(leaf: Any, data: Any) -> str:
    """A hint for a value that does not fit, with a probable correction: the end of a message."""
    if isinstance(data, bool | int | float):
        text = written(data)
        return f"; put it in quotes: '{text}'" if fits(leaf, text) else ""
    if not isinstance(data, str):
        return ""
    if (name_and_value := glued(data)) is not None:
        return f"; put a space after the colon: '{name_and_value}'"
    if fits(leaf, resolve(data)):
        return "; remove the quotes"
    return _about_commas(leaf, data)


def _about_commas(leaf: Any, text: str) -> str:
    """The correction of a number such as ``0,5`` or ``2,345``; for an ambiguous comma, both readings."""
    readings = [re.sub(r"[,_ ]", "", text)] if _THOUSANDS.fullmatch(text) else []
    readings += [text.replace(",", ".")] if _DECIMAL_COMMA.fullmatch(text) else []
    fitting = [number for number in readings if fits(leaf, resolve(number))]
    if len(fitting) == 2 and not fits(leaf, 0.5) and not fits(leaf, 1.5):
        fitting.pop()  # if only whole numbers are accepted, the comma separates thousands
    match fitting:
        case [whole, decimal]:
            return f"; write {whole} or {decimal}, whichever is meant: a comma can be either"
        case [number]:
            return "; write a point, not a comma" if "." in number and "." not in text else f"; write {number}"
    return ""


def glued(text: str) -> str | None:
    """The correction of a text such as ``epochs:5``, which is one scalar in YAML: ``epochs: 5``."""
    found = re.fullmatch(r"(\w+):([^\s:]\S*)", text)
    return f"{found[1]}: {found[2]}" if found else None
