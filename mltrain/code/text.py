"""Python expressions and comments as text, laid out as ``ruff format`` would lay them out."""

import textwrap
from collections.abc import Iterable
from typing import Any, NamedTuple, Union

WIDTH = 88
"""Columns of a line: what ruff allows unless it is told otherwise."""

_INDENT = 4


class Argument(NamedTuple):
    """An argument of a call or an item of a list; ``name`` is that of a keyword argument."""

    value: "Expression"
    name: str = ""
    comment: str = ""


class Call(NamedTuple):
    """A call, or with ``brackets`` of another kind a list or tuple. ``method`` follows the closing bracket."""

    name: str
    arguments: tuple[Argument, ...]
    brackets: str = "()"
    method: str = ""


Expression = Union[str, Call]  # noqa: UP007  (a name in quotes cannot be joined by |)
"""Code on one line, or a call that is broken into several lines where it is too long."""


def call(name: str, /, *arguments: Expression, **named: Expression) -> Call:
    """``name(arguments)``."""
    return Call(name, (*map(Argument, arguments), *(Argument(value, key) for key, value in named.items())))


def listed(items: Iterable[Expression | Argument]) -> Call:
    """``[items]``."""
    return Call("", tuple(item if isinstance(item, Argument) else Argument(item) for item in items), "[]")


def literal(value: Any) -> Expression:
    """A number, text, None, or a list of these as Python writes them."""
    if isinstance(value, list):
        return listed(map(literal, value))
    if isinstance(value, tuple):
        items = ", ".join(map(flat, map(literal, value)))
        return f"({items},)" if len(value) == 1 else f"({items})"
    if isinstance(value, str):
        text = repr(value)
        return f'"{text[1:-1]}"' if text[0] == "'" and '"' not in text else text
    return repr(value)


def statement(value: Expression, before: str = "", comment: str = "", indent: int = 0) -> list[str]:
    """The lines of ``before`` and an expression, such as ``x = `` and a call."""
    return _lines(before, value, "", comment, " " * indent)


def comment_lines(text: str, indent: int = 0) -> list[str]:
    """A comment, wrapped."""
    begin = " " * indent + "# "
    return textwrap.wrap(
        text,
        WIDTH,
        initial_indent=begin,
        subsequent_indent=f"{begin}  ",
        break_on_hyphens=False,
        break_long_words=False,
    )


def flat(value: Expression) -> str:
    """An expression on one line."""
    if isinstance(value, str):
        return value
    opening, closing = value.brackets[0], value.brackets[1]
    return f"{value.name}{opening}{_items(value)}{closing}{value.method}"


def fitted(line: str, width: int) -> list[str]:
    """A line, broken where it is too long: within its last brackets, if it ends with them."""
    if len(line) <= width or line[-1] != ")":
        return [line]
    start, depth = len(line) - 1, 1
    while depth:
        start -= 1
        depth += (line[start] == ")") - (line[start] == "(")
    return [line[: start + 1], f"{' ' * _INDENT}{line[start + 1 : -1]}", ")"]


def _items(value: Call) -> str:
    return ", ".join(f"{item.name}={flat(item.value)}" if item.name else flat(item.value) for item in value.arguments)


def _has_comments(value: Expression) -> bool:
    return not isinstance(value, str) and any(item.comment or _has_comments(item.value) for item in value.arguments)


def _lines(before: str, value: Expression, after: str, comment: str, indent: str) -> list[str]:
    line = f"{indent}{before}{flat(value)}{after}"
    noted = f"{line}  # {comment}" if comment else line
    if not _has_comments(value) and len(noted) <= WIDTH:
        return [noted]
    above = comment_lines(comment, len(indent)) if comment else []
    if isinstance(value, str) or (len(line) <= WIDTH and not _has_comments(value)) or not value.arguments:
        return [*above, line]
    opening, closing = value.brackets[0], value.brackets[1]
    inner = indent + " " * _INDENT
    first, last = f"{indent}{before}{value.name}{opening}", f"{indent}{closing}{value.method}{after}"
    within = f"{inner}{_items(value)}"
    # Without a comma at the end, ruff would rather break the brackets of the method, where these can stand on the line.
    before_method = len(line) - len(value.method) + max(value.method.rfind("("), value.method.rfind("[")) + 1
    is_broken_here = not value.method or before_method - len(after) > WIDTH
    if len(within) <= WIDTH and is_broken_here and not _has_comments(value):
        return [*above, first, within, last]
    lines = [*above, first]
    for item in value.arguments:
        name = f"{item.name}=" if item.name else ""
        lines += _lines(name, item.value, ",", item.comment, inner)
    return [*lines, last]
