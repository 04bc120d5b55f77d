"""``mltrain plot --terminal``: the pictures of a run or of a sweep, drawn as text."""

from collections.abc import Iterator
from pathlib import Path

from mltrain.commands.plot import subject_of
from mltrain.errors import DataError, UsageError
from mltrain.views.pictures.base import AnyPicture
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import STRONG, Lines, Span, Stack, View, verbatim


def run(terminal: Terminal, path: Path | None, image: int | str | None = None) -> None:
    """Draw on the terminal, and list the pictures that cannot be drawn."""
    if terminal.json:
        raise UsageError("--terminal draws for people; leave --json out, or leave --terminal out and get files")
    subject = subject_of(terminal, path, image, as_text=True)
    gallery = subject.gallery
    if not gallery.pictures:
        raise DataError(f"{subject.file}: there is nothing to draw")
    terminal.result(Stack([view for picture in gallery.pictures for view in _section(picture)]), {})


def _section(picture: AnyPicture) -> Iterator[View]:
    yield Lines([[Span(picture.heading, STRONG)]])
    yield from picture.terminal()
    yield verbatim("")
