"""Python values as source text, laid out as ruff (and Black) would."""

import base64
from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

WIDTH = 120
"""Characters of a line, as in mltrain's own code."""

_INDENT = "    "
_MOST_NUMBERS = 64
"""Numbers of an array that is written as numbers, if they fit on lines; others are written in base64."""

_PIECE = 96


class Code(str):
    """Source text that stands among values as it is, such as the name of a function."""

    __slots__ = ()


def assignment(name: str, value: Any) -> str:
    """``name = value``, over as many lines as it takes."""
    return laid_out(f"{name} = ", value, "", "")


def laid_out(before: str, value: Any, after: str, indent: str) -> str:
    """``before``, the value and ``after``: on one line where it fits, and otherwise an item a line."""
    line = f"{indent}{before}{one_line(value)}{after}"
    if len(line) <= WIDTH or not isinstance(value, dict | list | tuple) or not value:
        return line
    brackets = "{}" if isinstance(value, dict) else "[]" if isinstance(value, list) else "()"
    deeper = indent + _INDENT
    if isinstance(value, dict):
        items = [laid_out(f"{one_line(key)}: ", item, ",", deeper) for key, item in value.items()]
    else:
        items = [laid_out("", item, ",", deeper) for item in value]
    return "\n".join([f"{indent}{before}{brackets[0]}", *items, f"{indent}{brackets[1]}{after}"])


def one_line(value: Any) -> str:
    """A value as ruff writes it."""
    match value:
        case dict():
            return "{" + ", ".join(f"{one_line(key)}: {one_line(item)}" for key, item in value.items()) + "}"
        case list():
            return "[" + ", ".join(map(one_line, value)) + "]"
        case tuple():
            return "(" + ", ".join(map(one_line, value)) + ("," if len(value) == 1 else "") + ")"
        case Code():
            return str(value)
        case str():
            return quoted(value)
        case float() if value != value:
            return 'float("nan")'
        case float() if value in (float("inf"), float("-inf")):
            return 'float("inf")' if value > 0 else '-float("inf")'
    return repr(value)


def quoted(text: str) -> str:
    """A text in double quotes, unless that takes more backslashes."""
    body = repr(text)[1:-1]
    if repr(text)[0] == '"':
        return f'"{body}"'
    body = body.replace("\\'", "'")
    double, single = text.count('"'), text.count("'")
    if double > single:
        return "'" + body.replace("'", "\\'") + "'"
    return '"' + body.replace('"', '\\"') + '"'


def array(name: str, values: npt.NDArray[np.float32], decoder: str, literal: str = "{}") -> str:
    """An assignment of an array: as numbers where they are few (``literal`` holds the lists), else in base64.

    ``decoder`` is the name of the function that takes the shape and the base64 text of little-endian float32.
    """
    if values.size <= _MOST_NUMBERS and (text := _as_numbers(name, shortest(values), literal)) is not None:
        return text
    packed = base64.b64encode(np.ascontiguousarray(values, "<f4").tobytes()).decode()
    pieces = [packed[start : start + _PIECE] for start in range(0, len(packed), _PIECE)]
    line = f'{name} = {decoder}({one_line(values.shape)}, "{packed}")'
    if len(line) <= WIDTH:
        return line
    texts = [f'{_INDENT}"{piece}"' for piece in pieces]
    shape = f"{_INDENT}{one_line(values.shape)},"
    if len(pieces) == 1 and len(joined := f'{_INDENT}{one_line(values.shape)}, "{packed}"') <= WIDTH:
        return f"{name} = {decoder}(\n{joined}\n)"
    return "\n".join([f"{name} = {decoder}(", shape, *texts[:-1], f"{texts[-1]},", ")"])


def _as_numbers(name: str, numbers: Any, literal: str) -> str | None:
    """The assignment with a list of numbers a line; None where one takes more than a line."""
    text = f"{name} = {literal.format(one_line(numbers))}"
    if len(text) <= WIDTH:
        return text
    function = literal.partition("{}")[0]
    indent = _INDENT if function else ""
    body = laid_out("" if function else f"{name} = ", numbers, "", indent)
    if any(not line.strip(" ],)").endswith(("[", "]")) and line.count(",") == 1 for line in body.splitlines()):
        return None
    return f"{name} = {function}\n{body}\n)" if function else body


def shortest(values: npt.NDArray[np.float32]) -> Any:
    """Nested lists of floats, with no more digits than a 32-bit float has."""
    if values.ndim == 0:
        return float(str(np.float32(values)))
    return [shortest(item) for item in values]


def call(target: str, function: str, arguments: Sequence[str], indent: str = _INDENT) -> str:
    """``target = function(arguments)`` within a function."""
    head = f"{indent}{target}{function}("
    line = f"{head}{', '.join(arguments)})"
    if len(line) <= WIDTH:
        return line
    deeper = indent + _INDENT
    if len(joined := deeper + ", ".join(arguments)) <= WIDTH:
        return f"{head}\n{joined}\n{indent})"
    return "\n".join([head, *(f"{deeper}{argument}," for argument in arguments), f"{indent})"])
