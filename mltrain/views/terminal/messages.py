"""Messages: errors, warnings, notes, and the summary after training."""

import re
from collections.abc import Mapping, Sequence
from typing import NamedTuple

from mltrain.views.terminal.number_format import duration, number, plural
from mltrain.views.terminal.views import (
    ACCENT,
    ALARM,
    CAUTION,
    FAINT,
    GAP,
    STRONG,
    Lines,
    Paragraph,
    Span,
    Stack,
    View,
    cells,
)


def error(text: str) -> View:
    """Why a command could not do its work."""
    return _message("error: ", ALARM, text)


def warning(text: str) -> View:
    """A warning: the input is valid, but probably not intended."""
    return _message("warning: ", CAUTION, text)


def note(text: str) -> View:
    """A note: information without a need to act."""
    return _message("note: ", FAINT, text)


def _message(label: str, style: str, text: str) -> View:
    """The label, and the lines of ``text`` beside it."""
    paragraphs = []
    lines = _aligned(text.splitlines() or [""])
    for line in lines:
        indent = len(line) - len(line.lstrip()) + len(GAP) if len(lines) > 1 else 0
        paragraphs.append(Paragraph([Span(label, style), Span(line)], hanging=len(label) + indent))
        label, style = " " * len(label), ""
    return Stack(paragraphs)


def _aligned(lines: list[str]) -> list[str]:
    """If all lines have two parts, separated by two or more spaces, the second parts are aligned."""
    parts = [re.fullmatch(r"(\S.*?) {2,}(.*)", line) for line in lines]
    matched = [part.groups() for part in parts if part]
    if len(matched) < len(lines):
        return lines
    width = max((cells(first) for first, _ in matched), default=0)
    return [f"{first}{' ' * (width - cells(first))}{GAP}{second}" for first, second in matched]


class Outcome(NamedTuple):
    """The results of ``mltrain fit``.

    ``values`` are the last loss and metrics by name; ``folder`` and ``files`` say where things were saved;
    ``next_command`` is the suggested next command. ``stopped_by`` is the reason of early stopping, and ``model`` the
    epoch of the model's weights, if it needs to be mentioned.
    """

    epochs: int
    planned: int
    seconds: float
    values: Mapping[str, float]
    folder: str
    files: Sequence[str]
    next_command: str
    stopped_by: str = ""
    model: str = ""


def closing(outcome: Outcome) -> View:
    """The summary after training: results, paths of the files, next command."""
    planned = plural(outcome.planned, "epoch")
    if outcome.planned == 0:
        verb, what = "trained", "not at all, as 0 epochs say"
    elif outcome.epochs < outcome.planned:
        verb, what = "stopped", f"after {outcome.epochs:,} of {planned} in {duration(outcome.seconds)}"
        what += f": {outcome.stopped_by}" if outcome.stopped_by else ""
    else:
        verb, what = "trained", f"{planned} in {duration(outcome.seconds)}"
    reached = GAP.join(f"{name} {number(value)}" for name, value in outcome.values.items())
    entries = [
        (verb, Span(what)),
        ("reached", Span(reached, STRONG)),
        ("model", Span(outcome.model)),
        ("saved", Span(f"{outcome.folder}: {', '.join(outcome.files)}")),
    ]
    return _entries(entries, outcome.next_command)


class EnsembleOutcome(NamedTuple):
    """The results of ``mltrain fit --folds`` or ``--members``.

    ``what`` was trained; ``means`` are those of its numbers by name, each with its standard error, if there is one. The
    others are as in `Outcome`.
    """

    what: str
    seconds: float
    means: Mapping[str, tuple[float, float | None]]
    folder: str
    files: Sequence[str]
    next_command: str


def ensemble_closing(outcome: EnsembleOutcome) -> View:
    """The summary after several trainings: means with standard errors, paths of the files, next command."""
    means = GAP.join(
        f"{name} {number(value)}" + ("" if error is None else f" ± {number(error, 2)}")
        for name, (value, error) in outcome.means.items()
    )
    entries = [
        ("trained", Span(f"{outcome.what} in {duration(outcome.seconds)} of training")),
        ("mean", Span(means, STRONG)),
        ("±", Span("standard error of the mean" if means else "")),
        ("saved", Span(f"{outcome.folder}: {', '.join(outcome.files)}")),
    ]
    return _entries(entries, outcome.next_command)


def range_closing(entries: Mapping[str, str], next_command: str) -> View:
    """The summary after a learning rate range test: its first entry is the result."""
    first, *_ = entries
    return _entries(
        [(label, Span(text, STRONG if label == first else "")) for label, text in entries.items()], next_command
    )


def _entries(entries: Sequence[tuple[str, Span]], next_command: str) -> View:
    """Labelled lines, and the next command, which users copy, so that it is not wrapped."""
    width = max(len("reached"), *(len(label) for label, _ in entries)) + len(GAP)
    said = [Paragraph([Span(label.ljust(width), FAINT), span], hanging=width) for label, span in entries if span.text]
    following = [Lines([[Span("next".ljust(width), FAINT), Span(next_command, ACCENT)]])] if next_command else []
    return Stack([*said, *following])
