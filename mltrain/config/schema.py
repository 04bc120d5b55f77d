"""The JSON Schema of configs, for editors: it completes names and explains options while one types.

Draft 2020-12, written from the same annotations by which configs are checked.
"""

import json
from typing import Any

from msgspec import inspect

from mltrain.config import Config
from mltrain.config.describe import describe
from mltrain.config.dump import to_plain
from mltrain.config.option_types import (
    Kind,
    ListKind,
    Option,
    Struct,
    alternatives,
    bare,
    extras,
    family_of,
    is_optional,
    options,
    section_of,
    switch_of,
)
from mltrain.spec import Family, Spec

DRAFT = "https://json-schema.org/draft/2020-12/schema"

_TYPES: dict[type[Kind], dict[str, Any]] = {
    inspect.AnyType: {},
    inspect.BoolType: {"type": "boolean"},
    inspect.IntType: {"type": "integer"},
    inspect.FloatType: {"type": "number"},
    inspect.StrType: {"type": "string"},
}

_CONSTRAINTS = {
    "gt": "exclusiveMinimum",
    "ge": "minimum",
    "lt": "exclusiveMaximum",
    "le": "maximum",
    "multiple_of": "multipleOf",
    "pattern": "pattern",
    "min_length": "minLength",
    "max_length": "maxLength",
}


def json_schema() -> dict[str, Any]:
    """The schema of a whole config."""
    definitions: dict[str, Any] = {}
    config = _Schema(definitions).struct(Config)
    return {"$schema": DRAFT, "title": "mltrain config", **config, "$defs": dict(sorted(definitions.items()))}


def schema_text() -> str:
    """The schema as it is printed, and as it stands beside configs."""
    return json.dumps(json_schema(), indent=2) + "\n"


class _Schema:
    """Writes schemas; families and their members, which stand in many places, become ``definitions``."""

    def __init__(self, definitions: dict[str, Any]):
        self._definitions = definitions

    def struct(self, struct: Struct) -> dict[str, Any]:
        known = options(struct).values()
        properties = {option.name: self._option(option) for option in known}
        required = [option.name for option in known if option.required]
        if issubclass(struct, Spec):
            properties = {"type": _type(struct), **properties}
            required = ["type", *required]
        return {
            "description": describe(struct).summary,
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    def _option(self, option: Option) -> dict[str, Any]:
        default = {} if option.required else {"default": to_plain(option.default, defaults=False)}
        return {**self._kind(option.kind), **default}

    def _kind(self, kind: Kind) -> dict[str, Any]:
        schemas = [self._one(one) for one in alternatives(kind)]
        if switch_of(kind) is not None:
            schemas.append({"type": "boolean"})
        if is_optional(kind):
            schemas.append({"type": "null"})
        return {**(schemas[0] if len(schemas) == 1 else {"anyOf": schemas}), **extras(kind)}

    def _one(self, kind: Kind) -> dict[str, Any]:
        inner = bare(kind)
        if (family := family_of(inner)) is not None:
            return self._family(family)
        if (section := section_of(inner)) is not None:
            return self.struct(section)
        match inner:
            case inspect.LiteralType():
                schema: dict[str, Any] = {"enum": list(inner.values)}
            case inspect.ListType() | inspect.VarTupleType():
                schema = {"type": "array", "items": self._kind(inner.item_type), **_lengths(inner)}
            case inspect.DictType():
                schema = {"type": "object", "additionalProperties": self._kind(inner.value_type)}
            case _:
                schema = {**_TYPES[type(inner)], **_bounds(inner)}
        return {**schema, **extras(kind)}

    def _family(self, family: Family) -> dict[str, Any]:
        if family.noun not in self._definitions:
            self._definitions[family.noun] = {}  # so that a family within itself refers to what is being written
            self._definitions[family.noun] = {"anyOf": [*_bare_names(family), *map(self._member, family)]}
        return _reference(family.noun)

    def _member(self, member: type[Spec]) -> dict[str, Any]:
        name = f"{member.family.noun}.{member.type_name()}"
        if name not in self._definitions:
            self._definitions[name] = {}
            self._definitions[name] = self.struct(member)
        return _reference(name)


def _reference(name: str) -> dict[str, Any]:
    return {"$ref": f"#/$defs/{name}"}


def _names(member: type[Spec]) -> list[str]:
    return [member.type_name(), *member.aliases]


def _bare_names(family: Family) -> list[dict[str, Any]]:
    """The names that are enough by themselves: those of members without required options."""
    members = [member for member in family if not any(option.required for option in options(member).values())]
    help_texts = {name: describe(member).summary for member in members for name in _names(member)}
    return [{"enum": list(help_texts), "enumDescriptions": list(help_texts.values())}] if help_texts else []


def _type(member: type[Spec]) -> dict[str, Any]:
    names = _names(member)
    return {"const": names[0]} if len(names) == 1 else {"enum": names}


def _bounds(kind: Kind) -> dict[str, Any]:
    """Minimum, maximum, pattern ... of a single value."""
    bounds = {keyword: getattr(kind, name, None) for name, keyword in _CONSTRAINTS.items()}
    return {keyword: value for keyword, value in bounds.items() if value is not None}


def _lengths(kind: ListKind) -> dict[str, Any]:
    """How many items a list may have."""
    lengths = {"minItems": kind.min_length, "maxItems": kind.max_length}
    return {keyword: value for keyword, value in lengths.items() if value is not None}
