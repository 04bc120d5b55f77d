"""Plain data -> readable YAML text, which `yaml_reader` reads back as the same data.

A value that fits on a line is written in flow style, ``{type: dense, units: 10}``, others in block style.
"""

import re
from collections.abc import Iterator
from typing import Any

from mltrain.config.yaml_scalars import resolve, written

WIDTH = 120
"""Columns of a line."""

_PLAIN = re.compile(r"[A-Za-z_]([A-Za-z0-9_./ -]*[A-Za-z0-9_./-])?")
"""Strings that need no quotes unless they resolve to another type; a safe subset of YAML's plain scalars."""

_INDENT = "  "


def write_yaml(data: dict[str, Any]) -> str:
    """The text of a whole document."""
    return "".join(f"{line}\n" for line in _mapping(data, ""))


def on_one_line(data: Any) -> str:
    """Data in flow style, on one line."""
    match data:
        case dict():
            return f"{{{', '.join(f'{_text(key)}: {on_one_line(value)}' for key, value in data.items())}}}"
        case list():
            return f"[{', '.join(map(on_one_line, data))}]"
        case str():
            return _text(data)
    return written(data)


def _text(text: str) -> str:
    if _PLAIN.fullmatch(text) and isinstance(resolve(text), str):
        return text
    return f'"{"".join(map(_escaped, text))}"'


def _escaped(char: str) -> str:
    if char in '"\\':
        return f"\\{char}"
    return char if char.isprintable() else f"\\U{ord(char):08x}"


def _mapping(data: dict[str, Any], indent: str) -> Iterator[str]:
    for key, value in data.items():
        yield from _entry(f"{indent}{_text(key)}:", value, indent)


def _entry(head: str, data: Any, indent: str) -> Iterator[str]:
    """The lines of an option or item whose ``head``, the key or dash, is indented by ``indent``."""
    deeper = indent + _INDENT
    line = f"{head} {on_one_line(data)}"
    fits = len(line) <= WIDTH and not _is_list_of_mappings(data)
    if fits or not isinstance(data, dict | list) or not data:
        yield line
    elif isinstance(data, dict):
        lines = _mapping(data, deeper)
        yield f"{head} {next(lines).lstrip()}" if head.endswith("-") else head
        yield from lines
    elif any(isinstance(item, dict | list) for item in data):
        yield head
        for item in data:
            yield from _entry(f"{deeper}-", item, deeper)
    else:
        yield from _wrapped(f"{head} [", [on_one_line(item) for item in data], deeper)


def _is_list_of_mappings(data: Any) -> bool:
    return isinstance(data, list) and any(isinstance(item, dict) for item in data)


def _wrapped(line: str, items: list[str], indent: str) -> Iterator[str]:
    for index, item in enumerate(items):
        item += "," if index < len(items) - 1 else "]"
        separator = "" if line.endswith("[") else " "
        if len(line) + len(separator) + len(item) > WIDTH:
            yield line
            line, separator = indent, ""
        line += separator + item
    yield line
