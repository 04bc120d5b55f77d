"""Rendering of pictures to files."""

import io
import re
from pathlib import Path
from typing import BinaryIO

from matplotlib.figure import Figure

from mltrain.errors import StorageError, reason
from mltrain.runs.overwriting import MARK
from mltrain.system.files import write_whole
from mltrain.views.plotting.style import DOTS_PER_INCH, Drawable, Style, drawn

_CLIP_PATH = re.compile(r"(?<=[\"#])p[0-9a-f]{10}\b")

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
            if form == "svg":
                file.write(_svg_of(figure).encode())
            else:
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
    with style.applied(text_as_text=True):
        return _svg_of(drawn(picture, style, headed=False))


def _svg_of(figure: Figure) -> str:
    """The figure as SVG, its clip paths numbered: Matplotlib names them after all digits of their places.

    The last digits depend on the order in which the solver of the layout goes through its constraints.
    """
    buffer = io.StringIO()
    figure.savefig(buffer, format="svg", metadata=_METADATA["svg"])
    numbers: dict[str, str] = {}
    return _CLIP_PATH.sub(lambda found: numbers.setdefault(found[0], f"p{len(numbers)}"), buffer.getvalue())
