"""A text plot of the learning rate range test."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from mltrain.views.terminal.loss_curve import WIDEST, LossCurve, Scale
from mltrain.views.terminal.views import ACCENT, FAINT, Line, Span, cells, cut


@dataclass(frozen=True)
class RangeCurve(LossCurve):
    """The smoothed loss over learning rates, which grow by the same factor from step to step.

    ``ends`` are the first and the last of them. The one that is ``suggested`` has a mark below the curve.
    """

    ends: tuple[float, float] = (0.0, 0.0)
    suggested: float | None = None
    height: int = 8

    def lines(self, width: int | None) -> Iterator[Line]:
        (indent, name, scale), *curve, axis = super().lines(width)
        room = min(width or WIDEST, WIDEST) - cells(indent.text)
        yield [indent, Span(cut(name.text, room), name.style)] + [scale] * (cells(name.text + scale.text) <= room)
        yield from curve
        yield axis
        if self.suggested is not None:
            before = axis[0].text.index("└") + 1
            place = self._column(self.suggested, min(width or WIDEST, WIDEST) - before)
            yield [Span(" " * (before + place)), Span("▲", ACCENT)]

    def legend(self, scale: Scale) -> Line:
        name = "smoothed loss by learning rate"
        return [Span(name, ACCENT), Span("  (both in log scale)" if scale.logarithmic else "  (log scale)", FAINT)]

    def axis(self, columns: int) -> str:
        """The powers of ten within the ends, as far as there is room for them."""
        line = ["─"] * columns
        free = 0
        for power in range(math.ceil(math.log10(self.ends[0]) - 1e-9), math.floor(math.log10(self.ends[1]) + 1e-9) + 1):
            label, place = f" 1e{power} ", self._column(10.0**power, columns)
            start = max(0, min(place - len(label) // 2, columns - len(label)))
            if start >= free and len(label) <= columns:
                line[start : start + len(label)] = label
                free = start + len(label)
        return "".join(line)

    def _column(self, rate: float, columns: int) -> int:
        low, high = map(math.log, self.ends)
        return max(0, min(columns - 1, round((math.log(rate) - low) / ((high - low) or 1) * (columns - 1))))


def bounded(smoothed: Sequence[float]) -> list[float]:
    """The smoothed losses as they are drawn: one that grows is cut half as far above the first one as it fell below."""
    first, lowest = smoothed[0], min(smoothed)
    bound = first + (first - lowest) / 2 if lowest < first else max(smoothed)
    return [min(loss, bound) for loss in smoothed]


def range_curve(rates: Sequence[float], smoothed: Sequence[float], suggested: float | None) -> RangeCurve:
    """The curve of a test."""
    return RangeCurve(bounded(smoothed), ends=(rates[0], rates[-1]), suggested=suggested)
