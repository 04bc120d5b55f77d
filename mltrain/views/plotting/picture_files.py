"""Rendering of pictures to files."""

import io
from pathlib import Path
from typing import BinaryIO

from mltrain.errors import StorageError, reason
from mltrain.runs.overwriting import MARK
from mltrain.system.files import write_whole
from mltrain.views.plotting.style import DOTS_PER_INCH, Drawable, Style, drawn

_METADATA = {
    "png": {"Software": MARK},
    "svg": {"Creator": MARK, "Date": None},
    "pdf": {"Creator": MARK, "CreationDate": None},
}
"""Metadata that marks pictures of mltrain, without a date: the same picture gives the same bytes."""


def save(picture: Drawable, style: Style, folder: Path, form: str, dots_per_inch: int = DOTS_PER_INCH) -> Path:
    """Write the picture as png, svg or pdf to ``folder``, creating it; returns the path. Raises `StorageError`."""
    path = folder / f"{picture.name}.{form}"
    with style.applied():
        figure = drawn(picture, style)

        def write(file: BinaryIO) -> None:
            figure.savefig(file, format=form, dpi=dots_per_inch, metadata=_METADATA[form])

        make_folder(folder)
        write_whole(path, write)
    return path


def make_folder(folder: Path) -> None:
    """Make a folder for pictures. Raises `StorageError`."""
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise StorageError(f"{folder}: pictures cannot be written there: {reason(error)}") from error


def svg_text(picture: Drawable, style: Style) -> str:
    """The picture as an SVG document without heading; its texts are text elements."""
    buffer = io.StringIO()
    with style.applied(text_as_text=True):
        drawn(picture, style, headed=False).savefig(buffer, format="svg", metadata=_METADATA["svg"])
    return buffer.getvalue()
