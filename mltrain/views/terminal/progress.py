"""Progress bars with details beside them, fitted to the width."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mltrain.views.terminal.number_format import clock_time, percent
from mltrain.views.terminal.views import ACCENT, FAINT, GAP, Line, Span, View, cells

_LONGEST_BAR, _SHORTEST_BAR = 30, 8

_SURE_AFTER = 0.5
"""Seconds before the remaining time is shown; early estimates fluctuate."""


class Bar(NamedTuple):
    """The progress of one task: ``share`` (0..1) of it is done. The most important details are first."""

    label: str
    share: float
    details: Sequence[str]


def bar(label: str, share: float, seconds: float, *more: str, left: float | None = None) -> Bar:
    """A bar with the elapsed and the remaining time; the latter is by default extrapolated from ``share``."""
    left = seconds / share - seconds if left is None and share else left
    told = [f"{clock_time(left)} left"] if left is not None and seconds >= _SURE_AFTER else []
    return Bar(label, share, [percent(share), *told, *more])


@dataclass(frozen=True)
class Bars(View):
    """Bars of one length below each other. If the width is too small, the last details are omitted."""

    bars: Sequence[Bar]

    def lines(self, width: int | None) -> Iterator[Line]:
        label_width = max(cells(bar.label) for bar in self.bars)
        room = (width or 80) - label_width - len(GAP)
        details = [_fitting(bar.details, room - _SHORTEST_BAR) for bar in self.bars]
        length = min(_LONGEST_BAR, *(room - cells(text) for text in details))
        for (label, share, _), text in zip(self.bars, details, strict=True):
            padding = " " * (label_width - cells(label))
            if length < _SHORTEST_BAR:
                yield [Span(label)]
            else:
                done = int(length * min(share, 1))
                # Thick and thin characters, so that the bar is readable without colours.
                drawn = Span("━" * done, ACCENT), Span("─" * (length - done), FAINT)
                yield [Span(label + padding + GAP), *drawn, Span(text)]


def _fitting(details: Sequence[str], room: int) -> str:
    """As many of the details as fit, each with a gap before it."""
    text = ""
    for detail in details:
        if cells(text + GAP + detail) > room:
            break
        text += GAP + detail
    return text
