"""Config -> plain data and YAML text; reading either gives an equal config."""

from collections.abc import Mapping
from pathlib import PurePath
from typing import Any

import msgspec

from mltrain.config import Config
from mltrain.config.option_types import options
from mltrain.config.yaml_writer import write_yaml
from mltrain.spec import Spec


def to_yaml(config: Config) -> str:
    """The config as YAML text, with every default filled in."""
    return write_yaml(to_plain(config))


def to_builtins(config: Config) -> dict[str, Any]:
    """The config as data for JSON, with every default filled in and every type spelled out."""
    return msgspec.to_builtins(config)


def to_plain(value: Any, *, defaults: bool = True) -> Any:
    """A value as a config writes it: a member of a family without options is its bare name.

    Options that have their default value are left out unless ``defaults`` is set, and those that are null by default
    always: null turns something off.
    """
    if isinstance(value, tuple | list):
        return [to_plain(item, defaults=defaults) for item in value]
    if isinstance(value, dict):
        return {name: to_plain(item, defaults=defaults) for name, item in value.items()}
    if not isinstance(value, msgspec.Struct):
        return value
    plain = {"type": value.type_name()} if isinstance(value, Spec) else {}
    for name, option in options(type(value)).items():
        given = getattr(value, name)
        is_default = not option.required and given == option.default
        if not is_default or (defaults and given is not None):
            plain[name] = to_plain(given, defaults=defaults)
    return plain["type"] if list(plain) == ["type"] else plain


def plain(value: Any) -> Any:
    """Python's containers, paths and NumPy arrays as plain data; specs are converted by `to_plain`."""
    if isinstance(value, Mapping):
        return {str(name): plain(item) for name, item in value.items()}
    if isinstance(value, tuple | list):
        return [plain(item) for item in value]
    if isinstance(value, PurePath):
        return str(value)
    if hasattr(value, "tolist"):  # arrays and numbers of NumPy
        return value.tolist()
    return to_plain(value)
