"""The JSON Schema of configs: editors complete names and explain options with it.

Draft 2020-12, generated from the annotations that also validate configs.
"""

import json
from collections.abc import Sequence
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
    in_words,
    is_optional,
    options,
    section_name,
    section_of,
    switch_of,
)
from mltrain.config.yaml_writer import on_one_line
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
    config |= {"title": "mltrain config"}
    return {"$schema": DRAFT, **config, "$defs": dict(sorted(definitions.items()))}


def schema_text() -> str:
    """The schema as JSON text, for stdout and for the file beside configs."""
    return json.dumps(json_schema(), indent=2) + "\n"


class _Schema:
    """Writes schemas; families and their members, which stand in many places, become ``definitions``.

    Editors show the title and the description of the value at the cursor, and complete constants and properties. So
    each name of a member is a constant with its own description, and the options of a member are in a condition on
    ``type``: without it, editors would propose the options of all members together.
    """

    def __init__(self, definitions: dict[str, Any]):
        self._definitions = definitions

    def struct(self, struct: Struct) -> dict[str, Any]:
        known = options(struct).values()
        properties = {option.name: self._option(option, struct) for option in known}
        required = [option.name for option in known if option.required]
        title = section_name(struct)
        if issubclass(struct, Spec):
            properties = {"type": {"anyOf": _constants(struct)}, **properties}
            required = ["type", *required]
            title = f"{struct.type_name()} ({struct.family.noun})"
        return {
            "title": title,
            "description": describe(struct).summary,
            "type": "object",
            "properties": properties,
            "required": required,
            "additionalProperties": False,
        }

    def _option(self, option: Option, struct: Struct) -> dict[str, Any]:
        schema = self._kind(option.kind)
        if "items" in schema or "enum" in schema:  # editors insert no example for these alone
            schema = {"anyOf": [{keyword: value for keyword, value in schema.items() if keyword != "description"}]}
        texts = {"title": f"{option.name}: {in_words(option.kind)}", "description": option.description}
        example = example_value(option, struct)
        if isinstance(example, list) and any(map(_needs_quotes, example)):
            example = [next((one for one in example if not _needs_quotes(one)), "name")]
            return {**schema, **texts, "examples": [example]}
        if option.required or option.default in (None, (), [], {}):
            return {**schema, **texts, "examples": [example]}
        return {**schema, **texts, "default": example}

    def _kind(self, kind: Kind) -> dict[str, Any]:
        schemas = [self._one(one) for one in alternatives(kind)]
        if switch_of(kind) is not None:
            schemas.append({"type": "boolean"})
        if is_optional(kind):
            schemas.append({"type": "null"})
        return {**(schemas[0] if len(schemas) == 1 else {"anyOf": schemas}), **_annotation_schema(kind)}

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
        return {**schema, **_annotation_schema(kind)}

    def _family(self, family: Family) -> dict[str, Any]:
        if family.noun not in self._definitions:
            # A placeholder, so that a recursive family refers to its own unfinished definition.
            self._definitions[family.noun] = {}
            named: list[Any] = [
                constant for member in family if not _needs_options(member) for constant in _constants(member)
            ]
            every = [constant for member in family for constant in _constants(member)]
            with_options = {
                "title": family.noun,
                "type": "object",
                "properties": {"type": {"anyOf": every}},
                "required": ["type"],
                "dependentSchemas": {"type": {"allOf": [self._if_member(member) for member in family]}},
            }
            self._definitions[family.noun] = {
                "anyOf": [*([{"type": "string", "anyOf": named}] if named else []), with_options]
            }
        return _reference(family.noun)

    def _if_member(self, member: type[Spec]) -> dict[str, Any]:
        names = [{"const": name} for name in _names(member)]
        condition = {"properties": {"type": names[0] if len(names) == 1 else {"anyOf": names}}, "required": ["type"]}
        return {"if": condition, "then": self._member(member)}

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


def _needs_options(member: type[Spec]) -> bool:
    return any(option.required for option in options(member).values())


def _constants(member: type[Spec]) -> list[dict[str, Any]]:
    """The names of a member, each with its description."""
    title, text = f"{member.type_name()} ({member.family.noun})", describe(member).summary
    return [{"const": name, "title": title, "description": text} for name in _names(member)]


def _annotation_schema(kind: Kind) -> dict[str, Any]:
    """An annotation's schema without the title (for messages) and the examples (part of the option)."""
    return {keyword: value for keyword, value in extras(kind).items() if keyword not in ("title", "examples")}


def example_value(option: Option, struct: Struct) -> Any:
    """A valid first value of an option: its default, an example, or a value of its type."""
    if not option.required and option.default not in (None, (), [], {}):
        return to_plain(option.default, defaults=False)
    if given := extras(option.kind).get("examples"):
        return given[0]
    examples = [example[option.name] for example in _examples(struct) if option.name in example]
    return examples[0] if examples else _example_of(option.kind)


def _needs_quotes(value: Any) -> bool:
    """Whether YAML reads the text differently without quotes; editors insert none."""
    return isinstance(value, str) and on_one_line(value) != value


def _examples(struct: Struct) -> Sequence[dict[str, Any]]:
    return struct.examples if issubclass(struct, Spec) else ()


def _example_of(kind: Kind) -> Any:
    if switch_of(kind) is not None:
        return True
    first = alternatives(kind)[0]
    inner = bare(first)
    if (family := family_of(inner)) is not None:
        member = min(family, key=_needs_options)
        values = {option.name: example_value(option, member) for option in options(member).values() if option.required}
        return {"type": member.type_name(), **values} if values else member.type_name()
    match inner:
        case inspect.LiteralType():
            return min(inner.values, key=_needs_quotes)
        case inspect.BoolType():
            return True
        case inspect.IntType() | inspect.FloatType():
            return _example_number(inner)
        case inspect.ListType() | inspect.VarTupleType():
            return [_example_of(inner.item_type)] * max(1, inner.min_length or 0)
        case inspect.DictType():
            return {"name": _example_of(inner.value_type)}
        case inspect.StrType() if inner.max_length == 1:
            return ";"
    return "name"


def _example_number(kind: inspect.IntType | inspect.FloatType) -> float:
    """1, or the nearest number within the bounds."""
    low = kind.ge if kind.ge is not None else kind.gt
    high = kind.le if kind.le is not None else kind.lt
    if high is not None and high <= 1 and kind.le is None:
        return high / 2
    return max(1, low or 1)


def _bounds(kind: Kind) -> dict[str, Any]:
    """Minimum, maximum, pattern ... of a single value."""
    bounds = {keyword: getattr(kind, name, None) for name, keyword in _CONSTRAINTS.items()}
    return {keyword: value for keyword, value in bounds.items() if value is not None}


def _lengths(kind: ListKind) -> dict[str, Any]:
    """The bounds on the number of a list's items."""
    lengths = {"minItems": kind.min_length, "maxItems": kind.max_length}
    return {keyword: value for keyword, value in lengths.items() if value is not None}
