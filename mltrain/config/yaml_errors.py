"""The YAML parser, with error messages that say how to correct the text.

PyYAML has two parsers, one in C and one in Python, with different messages for the same errors.
"""

import re
from collections.abc import Iterator
from typing import Any

import yaml

Mark = tuple[int, int]
"""A position in a text: line and column, both counted from 1."""

_PARSER: Any = getattr(yaml, "CBaseLoader", yaml.BaseLoader)  # C where PyYAML has it: twenty times as fast

_UNPRINTABLE = re.compile("[^\t\n\r -~\x85\xa0-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")
"""The characters that YAML forbids (https://yaml.org/spec/1.2.2/#51-character-set)."""

_COLON_WITHOUT_SPACE = re.compile(r"[ -]*(\w+):([^\s:]\S*)\s*")

_ESCAPE = "within double quotes '\\' begins a special character; use single quotes, and in a path '/' if you like"

_INDENTATION = ("mapping values are not allowed", "block mapping", "block collection", "document start")
"""Substrings of the parser's messages, or of their contexts, that can result from wrong indentation."""

_FAULTS = (
    ("cannot start any token", "a value cannot begin with '{found}'; put it in quotes"),
    ("mapping values are not allowed", "this colon has no place here; is the line indented like its neighbours?"),
    ("could not find expected ':'", "expected 'name: value' on this line"),
    ("expected ',' or", "expected ',' or '{closing}' here: the '{opening}' of line {line} is still open"),
    ("unexpected end of stream", "this quote is never closed"),
    ("unknown escape character", _ESCAPE),
    ("hexdecimal number", _ESCAPE),
    ("sequence entries are not allowed", "a list of '- ' items begins on a line of its own"),
    ("node content", "a value is missing here"),
    ("document start", "the '...' above ends the config; nothing may follow it"),
)
"""Substrings of both parsers' messages, and the messages that replace them."""

_AT_CONTEXT = ("could not find expected ':'", "unexpected end of stream")
"""Messages whose position is far behind the cause."""


class YamlError(Exception):
    """A text is not valid YAML; the position and the reason."""

    def __init__(self, mark: Mark, message: str):
        super().__init__(message)
        self.mark = mark


def events(text: str) -> Iterator[Any]:
    """The parser's events. Raises `YamlError`."""
    if unprintable := _UNPRINTABLE.search(text):
        lines = f"{text[: unprintable.start()]}?".splitlines()
        raise YamlError((len(lines), len(lines[-1])), _not_text(unprintable[0]))
    try:
        yield from yaml.parse(text, Loader=_PARSER)
    except yaml.MarkedYAMLError as error:
        raise _indented_wrongly(error, text) or _in_words(error, text.splitlines()) from error


def _indented_wrongly(error: yaml.MarkedYAMLError, text: str) -> YamlError | None:
    """The message for a text that becomes valid if one line is reindented."""
    complaint = f"{error.context or ''} {error.problem or ''}"
    if not any(part in complaint for part in _INDENTATION):
        return None
    from mltrain.config.indentation import misindented  # only for texts that cannot be parsed

    found = misindented(text, _mark(error.problem_mark)[0], _parses)
    if found is None:
        return None
    spaces = f"{found.spaces} space{'' if found.spaces == 1 else 's'}"
    return YamlError(
        (found.line, found.spaces + 1), f"indented by {spaces}, unlike the lines around it; with {found.wanted} it fits"
    )


def _parses(text: str, line: int) -> bool:
    """Whether a text is valid YAML in which a node begins on the line of that index."""
    try:
        return line in {mark_of(event)[0] - 1 for event in yaml.parse(text, Loader=_PARSER)}
    except yaml.YAMLError:
        return False


def _not_text(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # surrogateescape: a byte that is not UTF-8
        return f"this is not UTF-8 text: it holds the byte 0x{ord(char) - 0xDC00:02x}"
    return f"this is not text: it holds the character {char!a}"


def mark_of(event: yaml.Event) -> Mark:
    return _mark(event.start_mark)


def _mark(mark: Any) -> Mark:
    return mark.line + 1, mark.column + 1


def _in_words(error: yaml.MarkedYAMLError, lines: list[str]) -> YamlError:
    complaint = error.problem or ""
    mark = _mark(error.problem_mark)
    context = _mark(error.context_mark) if error.context_mark is not None else mark
    if any(part in complaint for part in _AT_CONTEXT):
        mark = context
    line = _line(lines, mark[0])
    found = line[mark[1] - 1 : mark[1]]

    tabbed = re.match(r" *\t", line)
    if tabbed or found == "\t":
        return YamlError((mark[0], tabbed.end() if tabbed else mark[1]), "a tab; YAML is indented with spaces only")
    for number in (mark[0], mark[0] - 1):
        if glued := _COLON_WITHOUT_SPACE.fullmatch(_line(lines, number)):
            name, value = glued.groups()
            return YamlError((number, glued.end(1) + 1), f"put a space after the colon: '{name}: {value}'")
    if error.context in ("while parsing a block mapping", "while parsing a block collection"):
        return YamlError(mark, _misplaced(found, line, mark, context, in_list=error.context.endswith("collection")))
    for part, words in _FAULTS:
        if part in complaint:
            opening = _line(lines, context[0])[context[1] - 1 : context[1]]
            closing = "]" if opening == "[" else "}"
            return YamlError(mark, words.format(found=found, opening=opening, closing=closing, line=context[0]))
    return YamlError(mark, f"not YAML: {complaint}")


def _misplaced(found: str, line: str, mark: Mark, section: Mark, *, in_list: bool) -> str:
    """The reason why a token cannot follow in the block that began at ``section``."""
    if found == ":":
        return "there is no name before this colon"
    if found in ("]", "}"):
        return f"this '{found}' closes nothing"
    if line[: mark[1] - 1].strip():
        return "the value ends before this; put all of it in quotes, or each option on a line of its own"
    if in_list:
        return f"the list that begins on line {section[0]} goes on with '- ', in column {section[1]}"
    if found == "-" and mark[1] == section[1]:
        return f"a list item has no place here: the section that begins on line {section[0]} goes on with 'name: value'"
    return f"indented unlike its neighbours: the section that begins on line {section[0]} has column {section[1]}"


def _line(lines: list[str], number: int) -> str:
    return lines[number - 1] if 1 <= number <= len(lines) else ""
