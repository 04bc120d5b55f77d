"""The parts of a page: the document, its sections, tables, and pictures as SVG."""

from collections.abc import Iterable, Sequence
from html import escape
from importlib.resources import files

from mltrain import __version__
from mltrain.views.palette import with_palettes
from mltrain.views.pictures.gallery import Gallery
from mltrain.views.plotting.style import DARK, Drawable
from mltrain.views.report.inline_svg import inline_svg

Rows = Sequence[tuple[str, ...]]


def document(name: str, kind: str, sentence: str, sections: Sequence[tuple[str, str, str]]) -> str:
    """The whole document of sections: an id, a title and a content each."""
    links = "".join(f'<li><a href="#{name}">{title}</a></li>' for name, title, _ in sections)
    body = "\n".join(
        f'<section id="{name}">\n<h2>{title}</h2>\n{content}\n</section>' for name, title, content in sections
    )
    name = escape(name)
    return f"""<!DOCTYPE html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta name="generator" content="mltrain {__version__}">
<link rel="icon" href="data:,">
<title>{name}: {kind}</title>
<style>
{_style_sheet()}</style>
</head>
<body>
<header>
<h1>{name}</h1>
<p class="faint">{escape(sentence)}</p>
<nav aria-label="Contents"><ul>{links}</ul></nav>
</header>
<main>
{body}
</main>
</body>
</html>
"""


def _style_sheet() -> str:
    return with_palettes(files("mltrain.views.report").joinpath("style.css").read_text("utf-8"))


def pictures(gallery: Gallery) -> str:
    """All pictures of a gallery, and what could not be drawn."""
    figures = "\n".join(map(_figure, gallery.pictures))
    lacks = "".join(f"<li>{escape(lack)}</li>" for lack in gallery.lacks)
    return figures + (
        f'\n<p class="faint">What could not be drawn:</p>\n<ul class="faint">{lacks}</ul>' if lacks else ""
    )


def _figure(picture: Drawable) -> str:
    caption, title, drawing = escape(picture.caption), escape(picture.title), inline_svg(picture)
    drawings = {"scroll": drawing}
    if "<image" in drawing:  # bitmaps cannot follow the dark colours of the page by CSS: a dark version is drawn
        drawings = {"scroll on-light": drawing, "scroll on-dark": inline_svg(picture, DARK)}
    boxes = "\n".join(
        f'<div class="{ground}" tabindex="0" role="group" aria-label="{title}">{one}</div>'
        for ground, one in drawings.items()
    )
    return f'<figure id="{picture.name}">\n<h3>{title}</h3>\n<figcaption>{caption}</figcaption>\n{boxes}\n</figure>'


def table(headers: Sequence[str], rows: Rows) -> str:
    """A table; the first cell of each row is its header."""
    head = _row("th", headers, "col") if headers else ""
    body = "".join(_row("td", row, "row") for row in rows)
    return f'<div class="scroll" tabindex="0"><table>{head}{body}</table></div>'


def _row(tag: str, cells: Iterable[str], scope: str) -> str:
    first, *others = map(escape, cells)
    texts = "".join(f"<{tag}>{cell}</{tag}>" for cell in others)
    return f'<tr><th scope="{scope}">{first}</th>{texts}</tr>'


def pre(text: str) -> str:
    """Text as it is, such as a config."""
    return f'<pre tabindex="0">{escape(text.rstrip())}</pre>'
