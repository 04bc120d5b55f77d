"""The examples that specs carry, built as a config would build them."""

from typing import Any

import msgspec

from mltrain.config.convert import convert
from mltrain.spec import Spec


def examples(base: type[Spec]) -> list[Any]:
    """Every example of every member of the family that ``base`` is the base class of."""
    return [
        convert(base, {"type": member.type_name(), **example}) for member in base.family for example in member.examples
    ]


def label(spec: Spec) -> str:
    """A short name for a test case: the type, and what is not as by default."""
    changed = {
        field.name: value
        for field in msgspec.structs.fields(spec)
        if (value := getattr(spec, field.name)) != field.default and not isinstance(value, Spec)
    }
    return "-".join([spec.type_name(), *(f"{name}={value}".replace(" ", "") for name, value in changed.items())])
