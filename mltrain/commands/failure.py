"""Reports of failed commands: text on stderr and, with ``--json``, a document on stdout."""

import sys
from collections.abc import Collection, Sequence
from typing import Any

from mltrain.errors import Diagnostic, MltrainError, TrainingDiverged, UsageError
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import Paragraph, Span, Stack, verbatim


def fail(error: MltrainError) -> int:
    """Report an error that is meant for the user; returns the exit code."""
    Terminal().error(error.for_commands)
    where = {"epoch": error.epoch, "step": error.step} if isinstance(error, TrainingDiverged) else {}
    return fail_as_data(type(error).__name__, error.for_commands, error.exit_code, error.diagnostics, **where)


def fail_in_words(kind: str, message: str, code: int) -> int:
    """Report a failure that is not an `MltrainError`."""
    Terminal().error(message)
    return fail_as_data(kind, message, code)


def fail_with_usage(usage: str, help_command: str, message: str) -> None:
    """Report an invalid command line: the usage, the help to read, and the error."""
    lines = [Span(f"Try '{help_command}' for help."), Span(""), Span(f"Error: {message}")]
    Terminal().err.print(Stack([verbatim(usage), *(Paragraph([line]) for line in lines)]))


def options_like(word: str, options: Sequence[str]) -> list[str]:
    """The options with names similar to an unknown one."""
    from mltrain.names.nearest import alike

    return alike(word, [option for option in options if option.startswith("--")])


def fail_as_data(
    kind: str, message: str, code: int, diagnostics: Sequence[Diagnostic] | None = None, **where: Any
) -> int:
    """Print ``{"error": ..., "diagnostics": [...]}`` if the command line has ``--json``."""
    words = sys.argv[1:]
    options = words[: words.index("--")] if "--" in words else words
    if "--json" in options:
        document = failure(kind, message, code, [Diagnostic(message)] if diagnostics is None else diagnostics, **where)
        Terminal(json=True).result(verbatim(""), document)
    return code


def failure(kind: str, message: str, code: int, diagnostics: Sequence[Diagnostic], **where: Any) -> dict[str, Any]:
    """The two keys of every JSON document about a failure."""
    error = {"type": kind, "message": message, "exit_code": code, **where}
    return {"error": error, "diagnostics": [one._asdict() for one in diagnostics]}


def unknown_command(word: str, commands: Collection[str]) -> UsageError:
    """The error for an unknown command, with similar names."""
    from mltrain.config.starters import starters
    from mltrain.names.nearest import did_you_mean
    from mltrain.names.other_tools import member_here

    if word.endswith((".yaml", ".yml")):
        advice = f"; train a config with: mltrain fit {word}"
    elif word in starters():
        advice = f"; write the starter of that name with: mltrain init {word}"
    else:
        otherwise = "; list them with: mltrain --help"
        advice = member_here("command", word, commands) or did_you_mean(word, commands, otherwise)
    return UsageError(f"there is no command '{word}'{advice}")
