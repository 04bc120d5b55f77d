"""Which pixels of a photograph are the ink of a digit, and how dark it is.

A photograph differs from a scan: light falls unevenly, a hand throws a shadow, the paper has lines or squares, and
there may be specks, or the edge of a table. What is done, in this order::

    shades --_without_light--> ink --threshold--> where ink is --_without_lines, _main_parts--> where the digit is

On even paper without lines none of it changes a pixel of the digit.
"""

from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from numpy.lib.stride_tricks import sliding_window_view

Floats = npt.NDArray[np.float64]
Mask = npt.NDArray[np.bool_]

_FAINTEST = 0.2
"""Share of the darkest ink below which a pixel is paper."""

_EVEN, _FEW = 0.06, 0.01
"""Shades of even paper differ by so little of the darkest ink; and few pixels are lighter where the ink is dark."""

_MOST_OF_EDGE, _ONE_SHADE = 0.65, 0.3
"""Shares of the outermost pixels, and of all pixels, that show even paper if they have its shade."""

_FAINT_IN_PHOTOGRAPHS = 0.3
"""The same on paper that is not even."""

_BROAD = 0.22
"""What is broader than this share of the image's shorter side is light or shadow; strokes are thinner."""

_SMALL = 128
"""Pixels of the longer side of the image that light is measured on."""

_STEEPEST, _SLOPES, _LOOKED_AT = 0.18, 61, 200
"""The steepest line of ruled paper, about 10 degrees; how many slopes are tried, and how many points of each line."""

_COVERED, _LINED = 0.8, 64
"""Share of its length that must be ink for a line to count as printed from edge to edge, and the pixels of the shorter
side below which an image has no room for lines beside a digit."""

_THICKEST = 0.03
"""Thickness of a printed line at most, as a share of the image's side."""

_COARSE = 384
"""Pixels of the longer side of the image in which parts are looked for."""

_PART, _NEAR = 0.02, 0.3
"""A part of a digit has at least that share of its largest part's ink, and is at most so many of its heights away."""

_THIN, _PEN = 0.05, 0.1
"""Strokes thinner than the first, as shares of the digit's longer side, are drawn again as thick as the second."""


def find_ink(grey: Floats) -> Floats:
    """How much ink each pixel has that is part of the digit: above 0 for ink, 0 for all else.

    ``grey`` has shades, ``(height, width)``, of dark ink on light paper or light on dark. All is 0 where it has one.
    """
    ink = _without_light(grey)
    where = ink > _FAINTEST * ink.max()
    if not where.any():
        return np.zeros_like(ink)
    return np.where(_main_parts(ink, _without_lines(where)), ink, 0.0)


def thick_enough(digit: Floats) -> Floats:
    """The digit with strokes that can still be seen when it is made small; a pen's are thinner than MNIST's."""
    where = digit > 0
    side = max(digit.shape)
    outside = _dilated(np.pad(~where, 1, constant_values=True).astype(np.float64), 3)[1:-1, 1:-1] > 0
    thickness = 2 * where.sum() / (where & outside).sum()
    if thickness >= _THIN * side:
        return digit
    reach = round((_PEN * side - thickness) / 2)
    return _dilated(np.pad(digit, reach), 2 * reach + 1)


def _without_light(grey: Floats) -> Floats:
    """How much of each pixel is ink, whether dark on light or light on dark: 0 where the paper is.

    Paper is a quadratic surface, which is what light from a window or a lamp makes of it, and on top of it whatever is
    broader than strokes are, such as a shadow.
    """
    paper = _even_paper(grey)
    if paper is not None:
        return np.abs(grey - paper)
    small = _shrunk(grey, -(-max(grey.shape) // _SMALL))
    ink = _paper(small) - small
    sign = 1.0 if np.percentile(ink, 99) >= -np.percentile(ink, 1) else -1.0
    ink *= sign
    side = 1 + round(_BROAD * min(ink.shape))
    padded = np.pad(ink, side, mode="reflect", reflect_type="odd")
    broad = _dilated(-_dilated(-padded, side), side)[side:-side, side:-side]
    everywhere = _enlarged(small + sign * (ink - broad), grey.shape)
    found = np.maximum(sign * (everywhere - grey), 0.0)
    if sign > 0:  # ink lets through a share of the light, be it much or little
        found /= np.maximum(everywhere, 1.0)
    return np.where(found > _FAINT_IN_PHOTOGRAPHS * found.max(), found, 0.0)


def _even_paper(grey: Floats) -> float | None:
    """The paper's one shade, on a scan, a drawing, or a photograph in even light; else None.

    It is that of most outermost pixels, or, where the digit touches the edges, that of most pixels. None may be lighter
    where the ink is dark, or darker where it is light.
    """
    edge = np.concatenate([grey[0], grey[-1], grey[:, 0], grey[:, -1]])
    middle, usual = float(np.median(edge)), float(np.argmax(np.bincount(np.rint(grey).astype(np.intp).ravel())))
    for paper, seen in ((middle, edge), (usual, grey)):
        darker = paper - grey
        ink, most = np.abs(darker), np.abs(darker).max()
        other_side = darker if darker.max() < -darker.min() else -darker
        near = np.mean(np.abs(seen - paper) <= _EVEN * most)
        between = np.mean((ink > 2 * _EVEN * most) & (ink < 0.7 * most))
        few = np.mean(other_side > 2 * _EVEN * most) <= _FEW
        if few and (near >= _MOST_OF_EDGE if seen is edge else near > _ONE_SHADE > between):
            return paper
    return None


def _shrunk(image: Floats, times: int) -> Floats:
    """The means of squares of ``times`` by ``times`` pixels; what is left over at the ends goes to the last squares."""
    for axis in (0, 1):
        starts = np.arange(0, max(1, image.shape[axis] // times) * times, times)
        sums = np.add.reduceat(image, starts, axis=axis)
        counts = np.diff([*starts, image.shape[axis]])
        image = sums / (counts[:, None] if axis == 0 else counts)
    return image


def _enlarged(image: Floats, shape: tuple[int, ...]) -> Floats:
    """The image in another shape, by linear interpolation between the centres of its pixels."""
    for axis, length in enumerate(shape):
        places = (np.arange(length) + 0.5) * image.shape[axis] / length - 0.5
        low = np.clip(np.floor(places).astype(np.intp), 0, max(0, image.shape[axis] - 2))
        share = np.clip(places - low, 0, 1)
        share = share[:, None] if axis == 0 else share
        high = np.minimum(low + 1, image.shape[axis] - 1)
        image = image.take(low, axis) * (1 - share) + image.take(high, axis) * share
    return image


def _paper(grey: Floats) -> Floats:
    """The quadratic surface through most of the pixels: the least absolute deviations, by reweighted squares."""
    y, x = (np.linspace(-1, 1, length) for length in grey.shape)
    y, x = np.repeat(y, len(x)), np.tile(x, len(y))
    terms = np.stack([np.ones_like(x), x, y, x * x, x * y, y * y], axis=1)
    values, weights = grey.ravel(), np.ones(grey.size)
    for _ in range(20):
        weighted = terms * weights[:, None]
        surface = terms @ np.linalg.lstsq(weighted.T @ terms, weighted.T @ values, rcond=None)[0]
        weights = 1 / np.maximum(np.abs(values - surface), 1.0)
    return surface.reshape(grey.shape)


def _dilated(image: npt.NDArray[Any], length: int) -> npt.NDArray[Any]:
    """The largest value in the window of ``2 (length // 2) + 1`` rows and columns around each pixel."""
    reach = length // 2
    for _ in range(2):  # along the columns, and then along the rows
        padded = np.pad(image, [(reach, reach), (0, 0)], mode="edge")
        done, total = 1, 2 * reach + 1
        while done < total:  # doubles the window, and then does the rest at once
            move = min(done, total - done)
            padded = np.maximum(padded[:-move], padded[move:])
            done += move
        image = padded.T
    return image


class _Line(NamedTuple):
    """A printed line: its row in each column, and how thick it is."""

    rows: npt.NDArray[np.intp]
    thickness: int


def _without_lines(ink: Mask) -> Mask:
    """Without the lines of ruled or squared paper. Strokes that cross a line keep what is theirs.

    A line runs from edge to edge and is thin. If lines were all that there is, they were no lines of the paper.
    """
    found = ink
    for turned in (False, True):
        mask = found.T if turned else found
        for line in _lines(mask):
            mask = _erased(mask, line)
        found = mask.T if turned else mask
    return found if found.sum() > 0.1 * ink.sum() or found.sum() > 0.002 * ink.size else ink


def _lines(ink: Mask) -> list[_Line]:
    """The lines that run from the left to the right edge, at most `_STEEPEST` of their length up or down."""
    height, width = ink.shape
    if min(height, width) < _LINED:
        return []
    near, lengths = _dilated(ink, 3), _run_lengths(ink)
    columns = np.arange(width)
    some = np.unique(np.linspace(0, width - 1, _LOOKED_AT).astype(np.intp))
    found = list[_Line]()
    best, slope_of = np.zeros(height), np.zeros(height)
    reach = int(_STEEPEST * width / 2) + 1
    # Places beside the line are covered as well: the line itself has most ink.
    scores = np.pad(1000 * near.astype(np.int32) + ink, ((reach, reach), (0, 0)))[:, some]
    runs = sliding_window_view(np.ascontiguousarray(scores.T), height, axis=1)  # (columns, shifts, rows)
    for slope in np.linspace(-_STEEPEST, _STEEPEST, _SLOPES):
        shifts = np.rint(slope * (some - width / 2)).astype(np.intp) + reach
        covered = runs[np.arange(len(some)), shifts].mean(axis=0) / 1000
        better = covered > best
        best[better], slope_of[better] = covered[better], slope
    most = max(2, round(_THICKEST * min(ink.shape)))
    taken = np.zeros(height, np.bool_)
    for row in np.argsort(-best, kind="stable"):
        if best[row] < _COVERED:
            break
        if taken[max(0, row - most) : row + most + 1].any():
            continue
        taken[row] = True
        rows = row + np.rint(slope_of[row] * (columns - width / 2)).astype(np.intp)
        inside = (rows >= 0) & (rows < height)
        met = lengths[rows[inside], columns[inside]]
        met = met[met > 0]
        if len(met) and np.median(met) <= most:
            found.append(_Line(rows, int(np.median(met))))
    return found


def _erased(ink: Mask, line: _Line) -> Mask:
    """Without the line, except where something thicker crosses it."""
    around = np.abs(np.arange(len(ink))[:, None] - line.rows) <= line.thickness + 1
    return ink & ~(around & (_run_lengths(ink) <= 1.5 * line.thickness + 1))


def _run_lengths(ink: Mask) -> npt.NDArray[np.intp]:
    """For each pixel of ink, the length of the vertical run of ink that it is in; else 0."""
    before = np.pad(ink, ((1, 1), (0, 0)))
    starts, ends = before[1:-1] & ~before[:-2], before[1:-1] & ~before[2:]
    rows = np.arange(len(ink))[:, None]
    first = np.maximum.accumulate(np.where(starts, rows, -1), axis=0)
    last = np.minimum.accumulate(np.where(ends, rows, len(ink))[::-1], axis=0)[::-1]
    return np.where(ink, last - first + 1, 0)


def _main_parts(ink: Floats, where: Mask) -> Mask:
    """The part with most ink, and the parts that belong to it by their size and place.

    What touches an edge is the table or a shadow, where there is a part that does not.
    """
    times = -(-max(where.shape) // _COARSE)
    coarse = _parts(_shrunk(where.astype(np.float64), times) > 0)
    rows_of, columns_of = (
        np.minimum(np.arange(length) // times, most - 1) for length, most in zip(where.shape, coarse.shape, strict=True)
    )
    labels = np.where(where, coarse[rows_of[:, None], columns_of], 0)
    names, numbers = np.unique(labels[where], return_inverse=True)
    if len(names) == 1:
        return where
    rows, columns = np.nonzero(where)
    masses = np.bincount(numbers, ink[where])
    boxes = np.empty((len(names), 4))
    for place, (values, extreme) in enumerate(
        [(rows, np.minimum), (rows, np.maximum), (columns, np.minimum), (columns, np.maximum)]
    ):
        boxes[:, place] = 10**9 if extreme is np.minimum else -1
        extreme.at(boxes[:, place], numbers, values)
    inside = (boxes[:, 0] > 0) & (boxes[:, 2] > 0) & (boxes[:, 1] < len(ink) - 1) & (boxes[:, 3] < ink.shape[1] - 1)
    free = inside & (masses >= 0.1 * masses[inside].max(initial=0)) if inside.any() else inside
    main = int(np.argmax(np.where(free, masses, 0))) if free.any() else int(np.argmax(masses))
    top, bottom, left, right = boxes[main]
    near = _NEAR * max(bottom - top, right - left)
    close = (boxes[:, 1] >= top - near) & (boxes[:, 0] <= bottom + near)
    close &= (boxes[:, 3] >= left - near) & (boxes[:, 2] <= right + near)
    kept = close & (masses >= _PART * masses[main]) & (inside | ~inside[main])
    found = where.copy()
    found[where] = kept[numbers]
    return found


def _parts(where: Mask) -> npt.NDArray[np.intp]:
    """A number for each pixel, the same for those that hang together, by a side or a corner."""
    labels = np.where(where, np.arange(1, where.size + 1).reshape(where.shape), 0)
    while True:
        before = labels
        grown = _dilated(labels, 3)
        labels = np.where(where, grown, 0).astype(np.intp)
        for _ in range(2):
            labels = _along_runs(_along_runs(labels, where).T, where.T).T
        if np.array_equal(labels, before):
            return labels


def _along_runs(labels: npt.NDArray[np.intp], where: Mask) -> npt.NDArray[np.intp]:
    """Each horizontal run gets the largest of its labels."""
    more = where.size + 1
    for _ in range(2):  # to the right, and then to the left
        runs = np.cumsum(~where, axis=1) * more
        labels = np.where(where, np.maximum.accumulate(labels + runs, axis=1) - runs, 0)[:, ::-1]
        where = where[:, ::-1]
    return labels
