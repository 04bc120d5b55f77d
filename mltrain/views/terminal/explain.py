"""The output of ``mltrain explain``: the members of each family, or the reference of one member."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from inspect import cleandoc
from typing import NamedTuple

from mltrain.views.terminal.views import (
    ACCENT,
    FAINT,
    GAP,
    STRONG,
    Column,
    Line,
    Lines,
    Prose,
    Span,
    Stack,
    Table,
    View,
    verbatim,
    wrapped,
)

_INDENT = "  "

_READABLE = 40
"""Columns that help needs beside a name; with fewer, it goes below."""


class Entry(NamedTuple):
    """A member of a family with its one-line help."""

    name: str
    help: str


class Listing(NamedTuple):
    """A family with its members: ``title`` is their plural, as in "layers"."""

    title: str
    entries: Sequence[Entry]


class Option(NamedTuple):
    """An option of a member. ``takes`` describes the accepted values; an option without a ``default`` is required."""

    name: str
    takes: str
    default: str | None
    help: str


class Member(NamedTuple):
    """One member: ``noun`` is its family's, ``docstring`` explains it, ``example`` is YAML."""

    name: str
    noun: str
    aliases: Sequence[str]
    docstring: str
    options: Sequence[Option]
    example: str


@dataclass(frozen=True)
class Entries(View):
    """Names with their descriptions: beside the names if the width suffices, else below."""

    entries: Sequence[Entry]

    def lines(self, width: int | None) -> Iterator[Line]:
        names = max(len(entry.name) for entry in self.entries)
        if width is None or width - names >= _READABLE:
            rows = [(name, _without_marks(text)) for name, text in self.entries]
            yield from Table([Column("", style=ACCENT), Column("", wraps=True)], rows, indent=_INDENT).lines(width)
        else:
            for name, text in self.entries:
                yield from _definition([Span(name, ACCENT)], text, width)


@dataclass(frozen=True)
class Options(View):
    """A table of options; where that is wider than the terminal, two lines an option."""

    options: Sequence[Option]

    def lines(self, width: int | None) -> Iterator[Line]:
        columns = [Column("", style=ACCENT), Column("takes"), Column("default"), Column("")]
        rows = [
            (name, takes, default or "(required)", _without_marks(text)) for name, takes, default, text in self.options
        ]
        table = Table(columns, rows, indent=_INDENT)
        if width is None or table.natural_width() <= width:
            yield from table.lines(width)
        else:
            for name, takes, default, text in self.options:
                row_spec = f"{takes}, {f'default {default}' if default else 'required'}"
                yield from _definition([Span(name, ACCENT), Span(GAP + row_spec, FAINT)], text, width)


def _definition(term: Line, text: str, width: int) -> Iterator[Line]:
    """A term, and its meaning below it."""
    yield from wrapped([Span(_INDENT), *term], width, hanging=2 * len(_INDENT))
    yield from wrapped([Span(2 * _INDENT + _without_marks(text))], width, hanging=2 * len(_INDENT))


def listings(families: Sequence[Listing]) -> View:
    """All families, each with its members."""
    views: list[View] = []
    for title, entries in families:
        views += [verbatim("")] * bool(views) + [_heading(title), Entries(entries)]
    return Stack(views)


def explanation(member: Member) -> View:
    """One member: its docstring, its options, and an example."""
    known_as = f", also {', '.join(member.aliases)}" if member.aliases else ""
    title = Lines([[Span(member.name, f"{STRONG} {ACCENT}"), Span(f"  {member.noun}{known_as}", FAINT)]])
    views: list[View] = [title]
    for paragraph in _paragraphs(member.docstring):
        views += [verbatim(""), paragraph]
    if member.options:
        views += [verbatim(""), _heading("options"), Options(member.options)]
    example = [[Span(_INDENT + line)] for line in member.example.strip("\n").split("\n")]
    return Stack([*views, verbatim(""), _heading("example"), Lines(example)])


def _heading(text: str) -> Lines:
    return Lines([[Span(text, STRONG)]])


def _paragraphs(docstring: str) -> Iterator[View]:
    """The paragraphs of a docstring. Lists and indented text keep their lines; other paragraphs are rewrapped."""
    for block in re.split(r"\n\s*\n", cleandoc(docstring)):
        if re.search(r"^(\s|[-*] )", block, re.MULTILINE):
            yield Lines([_spans(line) for line in block.split("\n")])
        else:
            yield Prose(_spans(" ".join(block.split("\n"))))


def _spans(text: str) -> list[Span]:
    """Text in which the parts between backticks have the accent colour."""
    pieces = re.split(r"`+([^`]+)`+", text)
    return [Span(piece, ACCENT if index % 2 else "") for index, piece in enumerate(pieces)]


def _without_marks(text: str) -> str:
    return "".join(span.text for span in _spans(text))
