"""The style of all pictures: colours, fonts, sizes, title and caption.

Information in colour is also in a dash, a marker or a text.
"""

import textwrap
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any, Protocol

from matplotlib import rc_context, rcParams
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.colors import Colormap, LinearSegmentedColormap, to_rgb
from matplotlib.figure import Figure
from matplotlib.layout_engine import ConstrainedLayoutEngine

from mltrain.views import palette
from mltrain.views.palette import Palette
from mltrain.views.plotting.words import FONT, shortened, width_of, wrapped, write_with_all_fonts

WIDTH, HEIGHT = 8.0, 4.5
"""The size in inches: half a page wide, with the proportions of a slide."""

DOTS_PER_INCH = 200
"""Dots per inch: 1600 x 900 pixels, sharp on a full slide."""

_TITLE_SIZE, _CAPTION_SIZE, _TEXT_SIZE = 15, 10.5, 11
_TITLE_ROOM, _CAPTION_LINE, _MARGIN = 0.42, 0.19, 0.14
_LETTERS_AN_INCH = 13.5
_PAD = 0.1
_BOLD = 1.15
"""The largest ratio of the widths of bold and regular text."""


@dataclass(frozen=True)
class Style(Palette):
    """A palette with its Matplotlib colour maps."""

    @property
    def sides(self) -> Colormap:
        """Diverging: one class or negative (orange), a tie or 0 (background), the other class or positive (blue)."""
        return LinearSegmentedColormap.from_list("sides", [self.orange, self.background, self.blue])

    @property
    def amount(self) -> Colormap:
        """Sequential: from 0 (background) to the largest value (blue)."""
        return LinearSegmentedColormap.from_list("amount", [self.background, self.blue])

    def mixed(self, colour: str, share: float) -> tuple[float, ...]:
        """``colour`` blended with the background by its share, from 0 to 1."""
        pairs = zip(to_rgb(colour), to_rgb(self.background), strict=True)
        return tuple(share * one + (1 - share) * other for one, other in pairs)

    @contextmanager
    def applied(self, *, text_as_text: bool = False) -> Iterator[None]:
        """Within the block, Matplotlib draws in this style. ``text_as_text``: SVG files use the reader's fonts."""
        settings: dict[Any, Any] = {
            "axes.edgecolor": self.faint,
            "axes.facecolor": self.background,
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.labelcolor": self.ink,
            "axes.labelsize": _TEXT_SIZE,
            "axes.spines.right": False,
            "axes.spines.top": False,
            "axes.titlelocation": "left",
            "axes.titlesize": _TEXT_SIZE,
            "axes.titlecolor": self.ink,
            "figure.facecolor": self.background,
            "font.family": [FONT],
            "font.size": _TEXT_SIZE,
            "grid.color": self.grid,
            "grid.linewidth": 0.8,
            "legend.frameon": False,
            "legend.fontsize": 10,
            "lines.linewidth": 2.2,
            "savefig.facecolor": self.background,
            "svg.fonttype": "none" if text_as_text else "path",
            "svg.hashsalt": "mltrain",  # the same picture gives the same bytes
            "text.color": self.ink,
            "text.parse_math": False,  # names may have a $ in them
            "xtick.color": self.faint,
            "xtick.labelcolor": self.ink,
            "xtick.labelsize": 10,
            "ytick.color": self.faint,
            "ytick.labelcolor": self.ink,
            "ytick.labelsize": 10,
        }
        with rc_context(settings), warnings.catch_warnings():
            warnings.simplefilter(
                "ignore", UserWarning
            )  # about characters that no font has; the gallery reports them itself
            yield


LIGHT, DARK = Style(**asdict(palette.LIGHT)), Style(**asdict(palette.DARK))


class Drawable(Protocol):
    """Anything that is drawn as a picture. ``name`` is the stem of its file; ``caption`` describes it.

    ``draw`` fills an empty figure of ``size`` inches, with free space for title and caption at the top.
    """

    @property
    def name(self) -> str: ...

    @property
    def title(self) -> str: ...

    @property
    def caption(self) -> str: ...

    @property
    def size(self) -> tuple[float, float]: ...

    @property
    def draw(self) -> Callable[[Figure, "Style"], object]: ...


@dataclass(frozen=True)
class Drawing:
    """One picture of its own, such as a frame of an animation."""

    name: str
    title: str
    caption: str
    draw: Callable[[Figure, Style], object]
    size: tuple[float, float] = (WIDTH, HEIGHT)


def drawn(picture: Drawable, style: Style, *, headed: bool = True) -> Figure:
    """The picture as a figure, with title and caption above it if it is ``headed``. Call it within `Style.applied`."""
    width, height = picture.size
    lines = _caption_lines(picture.caption, width - 2 * _MARGIN) if headed else []
    head = _TITLE_ROOM + _CAPTION_LINE * len(lines) + 0.06 if headed else 0.0
    total = height + head
    side = (_MARGIN - _PAD) / width  # so that the widest part is aligned with the title
    layout = ConstrainedLayoutEngine(
        rect=(side, 0, 1 - 2 * side, height / total), w_pad=_PAD, h_pad=_PAD, compress=True
    )
    figure = Figure(figsize=(width, total), dpi=DOTS_PER_INCH, layout=layout)
    FigureCanvasAgg(figure)
    picture.draw(figure, style)
    if headed:
        left = _MARGIN / width
        top = 1 - _MARGIN / total
        title = shortened(picture.title, (width - 2 * _MARGIN) / _BOLD, _TITLE_SIZE)
        figure.text(left, top, title, size=_TITLE_SIZE, weight="bold", va="top")
        below = 1 - _TITLE_ROOM / total
        figure.text(left, below, "\n".join(lines), size=_CAPTION_SIZE, color=style.faint, va="top", linespacing=1.25)
    rcParams["font.family"] = write_with_all_fonts(figure)  # also for texts that are created while rendering
    return figure


def _caption_lines(caption: str, room: float) -> list[str]:
    lines = textwrap.wrap(caption, int(room * _LETTERS_AN_INCH))
    return (
        lines if all(width_of(line, _CAPTION_SIZE) <= room for line in lines) else wrapped(caption, room, _CAPTION_SIZE)
    )


def packed(figure: Figure, *, compress: bool = True) -> None:
    """Small gaps between panels: for sheets of small images. Without ``compress``, each keeps the width of its cell."""
    engine = figure.get_layout_engine()
    assert isinstance(engine, ConstrainedLayoutEngine)
    width, pad = figure.get_size_inches()[0], 0.03
    side = (_MARGIN - pad) / width
    _, bottom, _, height = engine.get()["rect"]
    rect = (side, bottom, 1 - 2 * side, height)
    figure.set_layout_engine(
        ConstrainedLayoutEngine(w_pad=pad, h_pad=pad, wspace=0.0, hspace=0.0, rect=rect, compress=compress)
    )


def without_axes(axes: Axes) -> None:
    """Hide the frame, ticks and labels of the axes."""
    axes.set_xticks([])
    axes.set_yticks([])
    axes.grid(visible=False)
    for spine in axes.spines.values():
        spine.set_visible(False)
