"""A picture as SVG inside a page: it follows the page's colours and fonts, and shares no names with its neighbours."""

import re
from html import escape

from mltrain.views.plotting.picture_files import svg_text
from mltrain.views.plotting.style import LIGHT, Picture, Style


def inline_svg(picture: Picture, style: Style = LIGHT) -> str:
    """The ``<svg>`` element, with the caption for those who do not see it."""
    text = svg_text(picture, style)
    text = text[text.index("<svg") :].strip()
    # A style sheet inside of one picture would hold for the whole page, and the description is not for readers.
    text = re.sub(r"<metadata>.*?</metadata>|<style.*?</style>", "", text, flags=re.DOTALL)
    opening, rest = text.split(">", 1)
    opening = re.sub(r' (width|height)="[^"]*"', "", opening)
    own = picture.name if style is LIGHT else f"{picture.name}-dark"
    drawing = _own_names(_with_variables(rest, style), own)
    return f'{opening} role="img" aria-label="{escape(picture.caption)}">{drawing}'


def _with_variables(text: str, style: Style) -> str:
    """The style's colours as CSS variables: what is ink on paper is light on a dark page."""
    names = style.names()
    return re.sub(r"#[0-9a-f]{6}\b", lambda found: f"var(--{names[found[0]]})" if found[0] in names else found[0], text)


def _own_names(text: str, prefix: str) -> str:
    """All ids, and what refers to them, with the picture's name before."""
    text = re.sub(r'\bid="', f'id="{prefix}-', text)
    return re.sub(r'(url\(#|href="#)', rf"\1{prefix}-", text)
