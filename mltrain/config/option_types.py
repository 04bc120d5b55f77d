"""The options of a spec, read from its annotations, and the values that they accept, in words.

Validation, JSON Schema, ``--set``, ``mltrain explain`` and the reference pages all read options here, so that they
agree with each other and with the specs.
"""

import re
from functools import cache
from inspect import get_annotations
from typing import Any, NamedTuple

import msgspec
from msgspec import NODEFAULT, inspect

from mltrain.config.yaml_scalars import written
from mltrain.spec import Family, Spec

Kind = inspect.Type
"""The type of an option: msgspec's description of its annotation."""

ListKind = inspect.ListType | inspect.VarTupleType

Struct = type[msgspec.Struct]


class Option(NamedTuple):
    """One option of a spec or of a section. ``default`` is undefined if the option is ``required``."""

    name: str
    kind: Kind
    description: str
    required: bool
    default: Any


@cache
def options(struct: Struct) -> dict[str, Option]:
    """The options of a spec or section by name, in the order in which configs write them: its own before inherited."""
    kind = inspect.type_info(struct)
    assert isinstance(kind, inspect.StructType)
    fields = {field.name: field for field in kind.fields}
    order = dict.fromkeys(name for base in struct.__mro__ for name in get_annotations(base) if name in fields)
    return {name: _option(fields[name]) for name in order}


def _option(field: inspect.Field) -> Option:
    return Option(field.name, field.type, extras(field.type).get("description", ""), field.required, _default(field))


def _default(field: inspect.Field) -> Any:
    return field.default_factory() if field.default_factory is not NODEFAULT else field.default


def extras(kind: Kind) -> dict[str, Any]:
    """The extra JSON Schema of an annotation: description, title and others."""
    return (kind.extra_json_schema or {}) if isinstance(kind, inspect.Metadata) else {}


def bare(kind: Kind) -> Kind:
    """The kind without its description."""
    return kind.type if isinstance(kind, inspect.Metadata) else kind


def alternatives(kind: Kind) -> list[Kind]:
    """The alternatives of a union, or the kind itself, without null; see `is_optional`."""
    inner = bare(kind)
    kinds = inner.types if isinstance(inner, inspect.UnionType) else (kind,)
    return [one for one in kinds if not isinstance(bare(one), inspect.NoneType)]


def is_optional(kind: Kind) -> bool:
    """Whether null is accepted."""
    inner = bare(kind)
    return isinstance(inner, inspect.UnionType) and any(isinstance(bare(one), inspect.NoneType) for one in inner.types)


def family_of(kind: Kind) -> Family | None:
    """The family whose members are accepted, for a kind that is a base class of specs."""
    inner = bare(kind)
    if isinstance(inner, inspect.StructType) and issubclass(inner.cls, Spec):
        return inner.cls.family
    return None


def section_of(kind: Kind) -> Struct | None:
    """The struct that is accepted, for a kind that is a struct and no spec: a section without a type."""
    inner = bare(kind)
    return inner.cls if isinstance(inner, inspect.StructType) and not issubclass(inner.cls, Spec) else None


def switch_of(kind: Kind) -> Struct | None:
    """The section that ``true`` adds with all its defaults and ``false`` leaves out, for a kind that accepts both."""
    sections = [section for one in alternatives(kind) if (section := section_of(one)) is not None]
    if len(sections) != 1 or not is_optional(kind):
        return None
    return None if any(option.required for option in options(sections[0]).values()) else sections[0]


def choices(kind: Kind) -> list[str]:
    """The accepted values as a config writes them, as far as they can be listed."""
    found = [] if switch_of(kind) is None else ["true", "false"]
    for one in map(bare, alternatives(kind)):
        items = one.item_type if isinstance(one, ListKind) else None
        if (family := family_of(one)) is not None:
            found += [*family.names(), *family.aliases()]
        elif items is not None and (family := family_of(items)) is not None:
            found += [f"[{member}]" for member in family.names()]
        elif isinstance(one, inspect.LiteralType):
            found += map(str, one.values)
        elif isinstance(one, inspect.BoolType):
            found += ["true", "false"]
    return found


def section_name(section: Struct) -> str:
    """The name of a section in configs: its class name in snake case."""
    return re.sub(r"(?<!^)(?=[A-Z])", "_", section.__name__).lower()


def owners_of(struct: Struct) -> list[str]:
    """The keys of a struct in the table of other tools' option names."""
    if not issubclass(struct, Spec):
        return [section_name(struct)]
    nouns = [base.family.noun for base in struct.__mro__ if issubclass(base, Spec) and hasattr(base, "family")]
    return [struct.type_name(), *dict.fromkeys(nouns)]


def in_words(kind: Kind, *, plural: bool = False) -> str:
    """The accepted values in words, as in "a whole number of at least 1"; null is not mentioned."""
    words = [] if switch_of(kind) is None else ["true", "false"]
    for one in alternatives(kind):
        inner = bare(one)
        literals = inner.values if isinstance(inner, inspect.LiteralType) else ()
        words += [f"'{value}'" for value in literals] or [_one_in_words(one, plural)]
    *first, last = words
    return f"{', '.join(first)} or {last}" if first else last


def _one_in_words(kind: Kind, plural: bool) -> str:
    if title := extras(kind).get("title"):
        return str(title)
    kind = bare(kind)
    if (family := family_of(kind)) is not None:
        return f"{family.noun}s" if plural else with_article(family.noun)
    if (section := section_of(kind)) is not None:
        first = next(iter(options(section)))
        return f"options such as '{first}: ...'"
    match kind:
        case inspect.IntType():
            return ("whole numbers" if plural else "a whole number") + _bounds(kind)
        case inspect.FloatType():
            return ("numbers" if plural else "a number") + _bounds(kind)
        case inspect.BoolType():
            return "true or false"
        case inspect.StrType():
            text = "texts" if plural else "text"
            return text if kind.pattern is None else f"{text} matching {kind.pattern}"
        case inspect.ListType() | inspect.VarTupleType():
            return ("lists" if plural else "a list") + _items(kind)
        case inspect.DictType():
            return f"{'mappings' if plural else 'a mapping'} from names to {in_words(kind.value_type, plural=True)}"
        case inspect.AnyType():
            return "anything"
    raise TypeError(f"no words for options of {kind}")


def _items(kind: ListKind) -> str:
    count = _count(kind.min_length or 0, kind.max_length)
    if title := extras(kind.item_type).get("title"):
        return f" of {count}items, each {title}"
    if isinstance(bare(kind.item_type), inspect.AnyType):
        return f" of {count}items" if count else ""
    return f" of {count}{in_words(kind.item_type, plural=True)}"


def _count(least: int, most: int | None) -> str:
    if most is None:
        return "one or more " if least == 1 else f"at least {least} " if least else ""
    return f"{most} " if least == most else f"{least} to {most} " if least else f"at most {most} "


def _bounds(kind: inspect.IntType | inspect.FloatType) -> str:
    low = f"above {_number(kind.gt)}" if kind.gt is not None else ""
    low = f"of at least {_number(kind.ge)}" if kind.ge is not None else low
    high = f"below {_number(kind.lt)}" if kind.lt is not None else ""
    high = f"{'' if low else 'of '}at most {_number(kind.le)}" if kind.le is not None else high
    if kind.ge is not None and kind.le is not None:
        return f" from {_number(kind.ge)} to {_number(kind.le)}"
    both = " and ".join(filter(None, (low, high)))
    return f" {both}" if both else ""


def _number(bound: float) -> str:
    return written(int(bound) if float(bound).is_integer() else bound)


def with_article(noun: str) -> str:
    """``a loss``, ``an optimizer``; a plural such as ``points`` stays as it is."""
    if noun.endswith("s") and not noun.endswith("ss"):
        return noun
    return f"{'an' if noun[0] in 'aeiou' else 'a'} {noun}"


_LONGEST = 40
"""Characters of a value that messages show at most."""


def quoted(text: str) -> str:
    """A text as messages show it: in quotes, cut to a readable length."""
    return repr(_shortened(text))


def shown(value: Any) -> str:
    """The type of a config's value, for messages."""
    match value:
        case None:
            return "nothing"
        case str():
            return quoted(value)
        case dict():
            return "a mapping"
        case list() | tuple():
            return "a list" if value else "an empty list"
    return _shortened(written(value))


def _shortened(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}..."
