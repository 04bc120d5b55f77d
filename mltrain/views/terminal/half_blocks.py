"""Images and maps on a terminal: two pixels per character (half blocks), readable with and without colours."""

import string
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from mltrain.views.palette import LIGHT
from mltrain.views.terminal.views import Line, Span, View

_SHADES = " ░▒▓█" + string.ascii_uppercase
"""The characters of regions without colours: shades, and then letters."""

_GLYPHS = {(False, False): " ", (True, False): "▀", (False, True): "▄", (True, True): "█"}


class Colour(NamedTuple):
    """Red, green and blue, 0 to 255."""

    red: int
    green: int
    blue: int

    def __str__(self) -> str:
        return f"#{self.red:02x}{self.green:02x}{self.blue:02x}"


def colour(text: str) -> Colour:
    """The colour that ``#rrggbb`` means."""
    return Colour(*bytes.fromhex(text.removeprefix("#")))


def mixed(one: Colour, other: Colour, share: float) -> Colour:
    """From ``one`` (share 0) to ``other`` (share 1)."""
    return Colour(*(round(a + (b - a) * min(max(share, 0.0), 1.0)) for a, b in zip(one, other, strict=True)))


Pixel = float | Colour
_BLACK = Colour(0, 0, 0)


@dataclass(frozen=True)
class Scale:
    """The colours of pixels: ``nothing`` at 0, ``half`` at 0.5, ``all`` at 1."""

    nothing: Colour
    half: Colour
    all: Colour

    def __call__(self, value: float) -> Colour:
        if value < 0.5:
            return mixed(self.nothing, self.half, 2 * value)
        return mixed(self.half, self.all, 2 * value - 1)


Shade = Callable[[Any], Colour]
"""The colour of a pixel's value: a `Scale` of numbers, or `TRUE`."""


def TRUE(value: Colour) -> Colour:  # noqa: N802 - one of the scales
    """Pixels that are colours already."""
    return value


SIDES = Scale(colour(LIGHT.orange), Colour(128, 128, 128), colour(LIGHT.blue))
"""Orange to blue, as in the pictures of `mltrain.views.plotting`."""

GREYS = Scale(_BLACK, Colour(128, 128, 128), Colour(255, 255, 255))


@dataclass(frozen=True)
class Pixels(View):
    """Numbers from 0 to 1, or colours, row by row from the top, two rows a line of text.

    Without colours, a pixel is ink from 0.5 on. ``marks`` are characters over it, by line and column.
    """

    values: Sequence[Sequence[Pixel]]
    scale: Shade
    marks: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def lines(self, width: int | None) -> Iterator[Line]:
        rows = [*self.values]
        if len(rows) % 2:
            rows.append([_BLACK if isinstance(value, Colour) else 0.0 for value in rows[0]])
        for line, (upper, lower) in enumerate(zip(rows[::2], rows[1::2], strict=True)):
            yield [
                self._cell(above, below, self.marks.get((line, column)))
                for column, (above, below) in enumerate(zip(upper[:width], lower[:width], strict=True))
            ]

    def _cell(self, above: Pixel, below: Pixel, mark: str | None) -> Span:
        over, under = self.scale(above), self.scale(below)
        if mark is not None:
            return Span(mark, f"bold white on {mixed(over, under, 0.5)}")
        glyph = _GLYPHS[_is_ink(above), _is_ink(below)]
        if glyph in " █":
            # One glyph for both halves, so one colour for both.
            one = mixed(over, under, 0.5)
            return Span(glyph, f"{one} on {one}")
        return Span(glyph, f"{over} on {under}" if glyph == "▀" else f"{under} on {over}")


def _is_ink(value: Pixel) -> bool:
    if isinstance(value, Colour):
        return value.red + value.green + value.blue >= 3 * 128
    return value >= 0.5


def shrunk(rows: Sequence[Sequence[Pixel]], factor: int) -> Sequence[Sequence[Pixel]]:
    """An image with a pixel for each square of ``factor`` x ``factor``: their mean. The last ones may be smaller."""
    if factor == 1:
        return rows
    height, width = len(rows), len(rows[0])
    return [
        [
            _mean([value for row in rows[top : top + factor] for value in row[left : left + factor]])
            for left in range(0, width, factor)
        ]
        for top in range(0, height, factor)
    ]


def _mean(values: Sequence[Pixel]) -> Pixel:
    colours = [value for value in values if isinstance(value, Colour)]
    if colours:
        return Colour(*(round(sum(band) / len(colours)) for band in zip(*colours, strict=True)))
    return sum(value for value in values if not isinstance(value, Colour)) / len(values)


def shade(number: int) -> str:
    """The character that fills the region of the class with that number."""
    return _SHADES[number % len(_SHADES)]


@dataclass(frozen=True)
class Regions(View):
    """Numbers of classes, row by row from the top, a character each, in ``colours``; ``marks`` stand over them."""

    classes: Sequence[Sequence[int]]
    colours: Sequence[Colour]
    marks: Mapping[tuple[int, int], str] = field(default_factory=dict)

    def lines(self, width: int | None) -> Iterator[Line]:
        for line, row in enumerate(self.classes):
            yield [self._cell(number, self.marks.get((line, column))) for column, number in enumerate(row[:width])]

    def _cell(self, number: int, mark: str | None) -> Span:
        ground = self.colours[number]
        return Span(shade(number), f"{ground} on {ground}") if mark is None else Span(mark, f"bold white on {ground}")
