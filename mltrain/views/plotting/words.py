"""Text in pictures: fonts that have the characters, and text that fits a width."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache, lru_cache, partial
from itertools import takewhile

from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties, findfont, fontManager, get_font
from matplotlib.text import Text
from matplotlib.textpath import text_to_path
from matplotlib.ticker import FixedFormatter

FONT = "DejaVu Sans"
"""The font of all pictures; it comes with Matplotlib. Characters that it lacks are taken from other fonts."""

_UNFIT = ("emoji", "last resort", "stix", "mono", "serif", "display", "math")
"""Substrings of the names of unsuitable fonts: boxes, mathematical symbols, decorative letters."""

_POINTS_AN_INCH = 72
_LETTERS_AN_INCH = 40
"""The largest number of characters per inch; longer text does not fit and is not measured."""

_END = 8
"""Letters at the end of a name that are kept when it is cut: names often differ at the end."""


def printable(text: str) -> str:
    """The text without line breaks and control characters."""
    return "".join(char if char.isprintable() else " " for char in text)


def fonts_for(texts: Iterable[str]) -> list[str]:
    """`FONT`, and after it installed fonts with the characters that it lacks, if there are any."""
    characters = {char for text in texts for char in text if not char.isspace()}
    return [FONT, *_others(frozenset(characters - _characters(FONT)))]


def lacking(texts: Iterable[str]) -> str:
    """The characters that no installed font has, in order."""
    there = [_characters(name) for name in fonts_for(texts)]
    characters = dict.fromkeys(char for text in texts for char in text if char.isprintable() and not char.isspace())
    return "".join(char for char in characters if not any(char in font for font in there))


@cache
def _characters(font: str) -> frozenset[str]:
    charmap = get_font(findfont(FontProperties(family=[font]))).get_charmap()
    return frozenset(map(chr, charmap))


@lru_cache
def _others(characters: frozenset[str]) -> tuple[str, ...]:
    """Fonts that together have these characters, the font with most of them first."""
    found, left = [], set(characters)
    while left:
        best = max(_candidates(), key=lambda name: len(left & _characters(name)), default=FONT)
        had = left & _characters(best)
        if not had:
            break
        found.append(best)
        left -= had
    return tuple(found)


@cache
def _candidates() -> tuple[str, ...]:
    """Installed, readable text fonts, sans-serif ones first."""
    names = {entry.name for entry in fontManager.ttflist if not entry.name.startswith(("cm", FONT, "."))}
    fit = sorted(name for name in names if not any(part in name.lower() for part in _UNFIT))
    return tuple(name for name in sorted(fit, key=lambda name: "Sans" not in name) if _is_readable(name))


def _is_readable(font: str) -> bool:
    try:
        return bool(_characters(font))
    except (OSError, RuntimeError, ValueError):
        return False


def write_with_all_fonts(figure: Figure) -> list[str]:
    """Set the fonts that the text of a figure needs; returns them."""
    written = [text for text in figure.findobj(Text) if isinstance(text, Text)]
    formatters = [axis.get_major_formatter() for axes in figure.axes for axis in (axes.xaxis, axes.yaxis)]
    names = [name for one in formatters if isinstance(one, FixedFormatter) for name in one.seq]
    fonts = fonts_for([*(text.get_text() for text in written), *names])
    for text in written:
        text.set_fontfamily(fonts)
    return fonts


def width_of(text: str, size: float) -> float:
    """The width in inches of a line of text at a font size in points."""
    font = FontProperties(family=fonts_for([text]), size=size)
    width, _, _ = text_to_path.get_text_width_height_descent(text, font, ismath=False)
    return float(width) / _POINTS_AN_INCH


def shortened(text: str, room: float, size: float) -> str:
    """The text on one line, cut in the middle if it is wider than ``room`` inches."""
    text = printable(text)
    if len(text) <= room * _LETTERS_AN_INCH and width_of(text, size) <= room:
        return text
    return _cut(
        text,
        _most(lambda letters: width_of(_cut(text, letters), size) <= room, min(len(text) - 1, _most_letters(room))),
    )


def _most_letters(room: float) -> int:
    return max(1, int(room * _LETTERS_AN_INCH))


def _most(fits: Callable[[int], bool], highest: int) -> int:
    """The largest number from 1 to ``highest`` that fits, by binary search; 1 if none does."""
    low = 1
    while low < highest:
        middle = (low + highest + 1) // 2
        if fits(middle):
            low = middle
        else:
            highest = middle - 1
    return low


def _cut(text: str, letters: int) -> str:
    end = min(_END, letters * 2 // 3)
    return f"{text[: letters - end].rstrip()}…{text[len(text) - end :].lstrip()}"


def all_shortened(texts: Sequence[str], room: float, size: float) -> list[str]:
    """Texts that stay distinct after cutting: if their difference would be cut, the common prefix is cut first.

    If that is not enough, each has its number before it.
    """
    short = [shortened(text, room, size) for text in texts]
    if len(set(short)) == len(set(texts)):
        return short
    alike = sum(1 for _ in takewhile(lambda letters: len(set(letters)) == 1, zip(*texts, strict=False)))
    short = [shortened(f"…{text[alike:]}", room, size) for text in texts]
    if len(set(short)) == len(set(texts)):
        return short
    return [shortened(f"{number}: {text}", room, size) for number, text in enumerate(texts, 1)]


def wrapped(text: str, room: float, size: float) -> list[str]:
    """The text wrapped at a width in inches; words that are longer than a line are broken."""
    lines, line = [], ""
    for word in printable(text).split():
        if line and width_of(f"{line} {word}", size) > room:
            lines.append(line)
            line = ""
        line = f"{line} {word}" if line else word
        while len(line) > 1 and (len(line) > _most_letters(room) or width_of(line, size) > room):
            fits = _most(partial(_begins_within, line, room, size), min(len(line) - 1, _most_letters(room)))
            lines.append(line[:fits])
            line = line[fits:]
    return [*lines, line] if line else lines


def _begins_within(text: str, room: float, size: float, letters: int) -> bool:
    return width_of(text[:letters], size) <= room
