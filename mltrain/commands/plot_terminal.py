"""``mltrain plot --terminal``: the pictures of a run, drawn as text."""

from collections.abc import Iterator
from pathlib import Path

from mltrain.commands.plot import insight_of, read
from mltrain.errors import DataError, UsageError
from mltrain.views.pictures.base import Picture
from mltrain.views.pictures.gallery import gallery_of
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import STRONG, Lines, Span, Stack, View, verbatim


def run(terminal: Terminal, path: Path | None, image: int | str | None = None) -> None:
    """Draw on the terminal, and list the pictures that cannot be drawn."""
    if terminal.json:
        raise UsageError("--terminal draws for people; leave --json out, or leave --terminal out and get files")
    record = read(terminal, path)
    gallery = gallery_of(insight_of(record, image), as_text=True)
    for lack in gallery.lacks:
        terminal.note(lack)
    if not gallery.pictures:
        raise DataError(f"{record.file}: there is nothing to draw")
    terminal.result(Stack([view for picture in gallery.pictures for view in _section(picture)]), {})


def _section(picture: Picture) -> Iterator[View]:
    yield Lines([[Span(picture.heading, STRONG)]])
    yield from picture.terminal()
    yield verbatim("")
