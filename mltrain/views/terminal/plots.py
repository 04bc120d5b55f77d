"""Text plots of a model: a fitted curve, a map of the plane, a row of images."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import zip_longest
from typing import NamedTuple

from mltrain.views.palette import LIGHT
from mltrain.views.terminal.ascii_fallback import BRAILLE
from mltrain.views.terminal.half_blocks import GREYS, SIDES, Pixel, Pixels, Regions, Shade, colour, shrunk
from mltrain.views.terminal.loss_curve import WIDEST, Scale, braille
from mltrain.views.terminal.number_format import number
from mltrain.views.terminal.views import ACCENT, FAINT, GAP, Line, Prose, Span, View, cells, cut

_WIDEST_MAP = 60
"""Columns of a map: it has half as many lines, which must fit a screen."""

_WIDEST_MAPS = 160
"""Columns of many small images side by side."""

_LEAST_WORDS, _LONGEST_WORDS = 12, 32
"""Columns of the words above an image that is no wider."""

_DATA, _TRUTH = "○", "·"


@dataclass(frozen=True)
class FittedCurve(View):
    """The predictions of a network between ``ends`` of x, as a line of braille dots, over data and truth.

    ``answers`` and ``truth`` are values at evenly spread x; ``data`` are pairs of x and y.
    """

    ends: tuple[float, float]
    answers: Sequence[float]
    truth: Sequence[float]
    data: Sequence[tuple[float, float]]
    height: int = 14

    def lines(self, width: int | None) -> Iterator[Line]:
        scale = Scale([*self.answers, *self.truth, *(y for _, y in self.data)], linear=True)
        high, low = number(scale.high, 3), number(scale.low, 3)
        gutter = max(len(high), len(low))
        columns = max(8, min(width or WIDEST, WIDEST) - gutter - 2)
        network = braille(self.answers, scale, columns, self.height)
        below = self._below(scale, columns)
        legend = [Span(" " * (gutter + 2)), Span("network", ACCENT), Span(f"  {_DATA} data")]
        yield [*legend, Span(f"  {_TRUTH} truth", FAINT)] if self.truth else legend
        for index, (dots, marks) in enumerate(zip(network, below, strict=True)):
            label = high if index == 0 else low if index == self.height - 1 else ""
            yield [
                Span(f"{label:>{gutter}} {'┤' if label else '│'}", FAINT),
                *(
                    Span(mark, FAINT if mark == _TRUTH else "") if ord(dot) == BRAILLE else Span(dot, ACCENT)
                    for dot, mark in zip(dots, marks, strict=True)
                ),
            ]
        left, right = f" x {number(self.ends[0], 3)} ", f" {number(self.ends[1], 3)}"
        axis = left + "─" * (columns - len(left + right)) + right
        yield [Span(f"{'':>{gutter}} └{axis}", FAINT)]

    def _below(self, scale: Scale, columns: int) -> list[list[str]]:
        """Data and truth as characters, line by line from the top."""
        grid = [[" "] * columns for _ in range(self.height)]

        def put(x: float, y: float, mark: str) -> None:
            grid[round((1 - scale(y)) * (self.height - 1))][round(x * (columns - 1))] = mark

        for index, y in enumerate(self.truth):
            put(index / max(1, len(self.truth) - 1), y, _TRUTH)
        low, high = self.ends
        for x, y in self.data:
            put((x - low) / (high - low), y, _DATA)
        return grid


class Mark(NamedTuple):
    """A point of the plane, and the character for it."""

    x: float
    y: float
    character: str


@dataclass(frozen=True)
class PlaneMap(View):
    """A square of the plane. ``field`` goes from bottom to top: 0 to 1, half a character a point, ink from 0.5 on.

    Where there are three ``classes`` or more, it holds their numbers, a character each, shaded by class. ``extent`` is
    left, right, bottom, top; ``legend`` says what ink, shades and marks mean.
    """

    field: Sequence[Sequence[float]]
    extent: tuple[float, float, float, float]
    marks: Sequence[Mark]
    legend: str
    classes: int = 0

    def lines(self, width: int | None) -> Iterator[Line]:
        left, right, bottom, top = self.extent
        high, low = number(top, 3), number(bottom, 3)
        gutter = max(len(high), len(low))
        side = max(8, min(width or WIDEST, _WIDEST_MAP + gutter + 2) - gutter - 2) // 2 * 2
        rows = [[row[_nearest(column, side, len(row))] for column in range(side)] for row in self._rows(side)]
        marks = {
            (_place(top, bottom, mark.y, side // 2), _place(left, right, mark.x, side)): mark.character
            for mark in self.marks
        }
        yield from Prose([Span(self.legend)]).lines(width)
        for index, line in enumerate(self._inside(rows, marks).lines(side)):
            label = high if index == 0 else low if index == side // 2 - 1 else ""
            yield [Span(f"{label:>{gutter}} {'┤' if label else '│'}", FAINT), *line]
        start, end = number(left, 3), number(right, 3)
        yield [Span(f"{'':>{gutter}} └{start}{'─' * (side - len(start + end))}{end}", FAINT)]

    def _inside(self, rows: Sequence[Sequence[float]], marks: Mapping[tuple[int, int], str]) -> View:
        if self.classes <= 2:
            return Pixels(rows, SIDES, marks)
        colours = [colour(text) for text in LIGHT.classes(self.classes)]
        return Regions([[int(number) for number in row] for row in rows[::2]], colours, marks)

    def _rows(self, side: int) -> list[Sequence[float]]:
        """``count`` rows of the field, from top to bottom."""
        return [self.field[_nearest(row, side, len(self.field))] for row in reversed(range(side))]


class Labelled(NamedTuple):
    """An image, row by row from the top, values from 0 to 1 or colours, the words above it, and its colours."""

    pixels: Sequence[Sequence[Pixel]]
    words: str = ""
    scale: Shade = GREYS


@dataclass(frozen=True)
class Images(View):
    """Images side by side: as many as fit the width, at least ``least``, for which large ones are made smaller."""

    images: Sequence[Labelled]
    least: int = 1

    def lines(self, width: int | None) -> Iterator[Line]:
        limit = WIDEST if self.least == 1 else _WIDEST_MAPS
        room = min(width or WIDEST, limit)
        widest = max(len(image.pixels[0]) for image in self.images)
        share = max(1, (room + len(GAP)) // self.least - len(GAP))
        factor = max(1, -(-widest // share))
        images = [image._replace(pixels=shrunk(image.pixels, factor)) for image in self.images]
        most = max(_LEAST_WORDS, min(share, max(_LONGEST_WORDS, -(-widest // factor))))
        words = [cut(image.words, most) for image in images]
        each = max(max(len(image.pixels[0]), cells(text)) for image, text in zip(images, words, strict=True)) + len(GAP)
        count = max(1, (room + len(GAP)) // each)
        if any(words):
            yield [Span(text + " " * (each - cells(text))) for text in words[:count]]
        drawn = [list(Pixels(image.pixels, image.scale).lines(width)) for image in images[:count]]
        for line in zip_longest(*drawn, fillvalue=()):
            yield [span for part in line for span in (*part, Span(" " * (each - len(part))))]


def _nearest(place: int, places: int, length: int) -> int:
    """The index, of ``length`` ones, that is nearest to a given one of ``places``."""
    return min(length - 1, int((place + 0.5) * length / places))


def _place(start: float, end: float, value: float, places: int) -> int:
    return min(places - 1, int((value - start) / (end - start) * places))
