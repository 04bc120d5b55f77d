"""A picture as inline SVG: it uses the page's colours and fonts, and its ids are unique in the page."""

import re
from html import escape

from mltrain.views.plotting.picture_files import svg_text
from mltrain.views.plotting.style import LIGHT, Drawable, Style


def inline_svg(picture: Drawable, style: Style = LIGHT) -> str:
    """The ``<svg>`` element, with the caption as its accessible description."""
    text = svg_text(picture, style)
    text = text[text.index("<svg") :].strip()
    # A style sheet inside one picture would apply to the whole page; the metadata is not shown.
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    opening, rest = text.split(">", 1)
    opening = re.sub(r' (width|height)="[^"]*"', "", opening)
    own = picture.name if style is LIGHT else f"{picture.name}-dark"
    drawing = _own_names(_with_variables(rest, style), own)
    return f'{opening} role="img" aria-label="{escape(picture.caption)}">{drawing}'


def _with_variables(text: str, style: Style) -> str:
    """The style's colours as CSS variables, which the page redefines for its dark theme."""
    names = style.names()
    return re.sub(r"#[0-9a-f]{6}\b", lambda found: f"var(--{names[found[0]]})" if found[0] in names else found[0], text)


def _own_names(text: str, prefix: str) -> str:
    """All ids and references to them, prefixed with the picture's name."""
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    return re.sub(r'(url\(#|href="#)', rf"\1{prefix}-", text)
