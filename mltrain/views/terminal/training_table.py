"""The live display of training: a table of the last epochs, the loss as a line, and progress bars."""

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mltrain.training.epoch_report import EpochReport
from mltrain.views.terminal.epochs import measured, speed
from mltrain.views.terminal.eta import Pace
from mltrain.views.terminal.loss_curve import LossCurve, LossLine
from mltrain.views.terminal.number_format import aligned, number, parameter
from mltrain.views.terminal.progress import Bar, Bars, bar
from mltrain.views.terminal.redraw import Clock, LiveArea
from mltrain.views.terminal.terminal import Channel
from mltrain.views.terminal.views import GAP, STRONG, Column, Line, Paragraph, Span, Stack, Table, View, verbatim

_MOST_ROWS = 12
_FIRST_ROWS, _LAST_ROWS = 3, 4
"""The final table of more than `_MOST_ROWS` rows: its first and last rows with an ellipsis between, and a curve."""

_LINES_AROUND = 7
"""Lines of the live display besides the table's rows, the loss and the bars: the title, the headers, blank ones."""

_NARROWEST_HEADER = len("val_loss")

_LONG_EPOCH = 1.0
"""Seconds from which on an epoch has a progress bar of its own."""


class _Step(NamedTuple):
    """The progress bar of the epoch."""

    step: int
    steps: int
    loss: float


class LiveTable:
    """Redraws the table in place; at the end a short one stays, with the loss as a line or a curve."""

    def __init__(self, channel: Channel, title: str, epochs: int, past: Sequence[EpochReport], clock: Clock):
        self._title, self._epochs = Paragraph([Span(title, STRONG)]), epochs
        self._reports: list[EpochReport] = []
        self._losses: dict[str, list[float]] = {}
        for report in past:
            self._add(report)
        self._step: _Step | None = None
        self._refit: Bar | None = None
        self._refit_began = 0.0
        self._area, self._clock = LiveArea(channel, self._live, clock), clock
        self._pace = Pace(epochs, past[-1].epoch if past else 0, clock)

    def show(self, report: EpochReport) -> None:
        self._add(report)
        self._step = None
        self._pace.epoch_done(report.epoch)
        self._area.redraw()

    def _add(self, report: EpochReport) -> None:
        self._reports.append(report)
        self._losses.setdefault("loss", []).append(report.loss)
        if report.val_loss is not None:
            self._losses.setdefault("val_loss", []).append(report.val_loss)

    def step(self, step: int, steps: int, loss: float) -> None:
        self._step = _Step(step, steps, loss)
        self._pace.step_done(step, steps)
        self._area.redraw()

    def refit(self, epoch: int, epochs: int) -> None:
        if self._refit is None:
            self._refit_began = self._clock()
        total = str(epochs)
        label = f"training again: epoch {min(epoch + 1, epochs):>{len(total)}}/{total}"
        self._refit = bar(label, epoch / epochs, self._clock() - self._refit_began)
        self._area.redraw()

    def close(self) -> None:
        self._area.close(self._final())

    def _live(self, height: int) -> View:
        views: list[View] = [self._title, verbatim("")]
        bars = list(self._progress())
        rows = min(_MOST_ROWS, height - _LINES_AROUND - len(self._losses) - len(bars))
        if self._reports and rows > 0:
            views += [EpochTable(self._reports[-rows:], newest=True), verbatim("")]
        if len(self._reports) > 1:
            views += [LossLine(self._losses, self._reports[-1].epoch / self._epochs), verbatim("")]
        return Stack([*views, Bars(bars)])

    def _progress(self) -> Iterator[Bar]:
        if self._refit:
            yield self._refit
            return
        pace, at = self._pace, self._step
        in_epoch = pace.in_epoch
        if at and pace.within and in_epoch / pace.within >= _LONG_EPOCH:
            steps = f"{at.steps:,}"
            label = f"step {at.step:>{len(steps)},}/{steps}"
            yield bar(label, pace.within, in_epoch, f"{at.step / in_epoch:,.0f} steps/s", f"loss {number(at.loss)}")
        total = str(self._epochs)
        yield bar(f"epoch {pace.epoch:>{len(total)}}/{total}", pace.share, pace.elapsed, left=pace.left)

    def _final(self) -> View:
        views: list[View] = [self._title, verbatim("")]
        reports = self._reports
        if len(reports) > _MOST_ROWS:
            validation = self._losses.get("val_loss", [])
            curve = LossCurve(self._losses["loss"], validation, first_epoch=reports[0].epoch)
            short = [*reports[:_FIRST_ROWS], None, *reports[-_LAST_ROWS:]]
            views += [EpochTable(short), verbatim(""), curve, verbatim("")]
        elif reports:
            views += [EpochTable(reports), verbatim(""), LossLine(self._losses), verbatim("")]
        return Stack(views)


@dataclass(frozen=True)
class EpochTable(View):
    """One row per epoch; None stands for omitted epochs. If the width is too small, columns are omitted as well.

    ``newest`` makes the last row stand out.
    """

    reports: Sequence[EpochReport | None]
    newest: bool = False

    def lines(self, width: int | None) -> Iterator[Line]:
        columns = self._columns()
        if width is not None:
            columns = _fitting(_with_narrow_headers(columns, width), width)
        rows = list(zip(*columns.values(), strict=True))
        if self.newest:
            rows[-1] = tuple(Span(text, STRONG) for text in rows[-1])
        yield from Table([Column(name, right=True) for name in columns], rows).lines(None)

    def _columns(self) -> dict[str, list[str]]:
        """The texts of each column by its header."""
        rows = [_cells(report) if report else {"epoch": "⋮"} for report in self.reports]
        headers = list(dict.fromkeys(name for row in rows for name in row))
        return {name: aligned([row.get(name, "") for row in rows]) for name in headers}


def _cells(report: EpochReport) -> dict[str, str]:
    tracked = {label: parameter(value) for label, value in report.tracked.items()}
    return {"epoch": str(report.epoch), **measured(report), **tracked, "µs/step": speed(report) or ""}


def _column_width(header: str, texts: Sequence[str]) -> int:
    return max(map(len, [*header.split("\n"), *texts]))


def _width(columns: dict[str, list[str]]) -> int:
    return sum(_column_width(*column) for column in columns.items()) + len(GAP) * (len(columns) - 1)


def _with_narrow_headers(columns: dict[str, list[str]], width: int) -> dict[str, list[str]]:
    """The columns with long headers in several lines, so far as that is needed for all to fit."""
    narrowed = columns
    for room in range(max(map(len, columns)), _NARROWEST_HEADER - 1, -1):
        if _width(narrowed) <= width:
            break
        narrowed = {_stacked(name, room): texts for name, texts in columns.items()}
    return narrowed


def _stacked(header: str, room: int) -> str:
    """A header in lines of at most ``width`` letters, broken after underscores."""
    lines = [""]
    for part in re.findall(r"[^_]*_|[^_]+", header):
        if lines[-1] and len(lines[-1] + part) > room:
            lines.append("")
        lines[-1] += part
    return "\n".join(lines)


def _fitting(columns: dict[str, list[str]], width: int) -> dict[str, list[str]]:
    """The columns that fit, from left to right."""
    kept: dict[str, list[str]] = {}
    for name, texts in columns.items():
        if not kept or _width(kept | {name: texts}) <= width:
            kept[name] = texts
    return kept
