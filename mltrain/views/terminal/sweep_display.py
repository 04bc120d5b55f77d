"""The display of a sweep: a line for each finished trial and, on a terminal, the best so far and the time left."""

import time
from collections.abc import Mapping, Sequence
from contextlib import AbstractContextManager, closing, nullcontext
from typing import Any

from mltrain.views.terminal.number_format import number, plural
from mltrain.views.terminal.progress import Bars, bar
from mltrain.views.terminal.redraw import Clock, LiveArea
from mltrain.views.terminal.terminal import Channel, Terminal
from mltrain.views.terminal.training_display import field
from mltrain.views.terminal.trials_table import TrialRow, TrialsTable, value_text
from mltrain.views.terminal.views import FAINT, GAP, Lines, Span, Stack, View, verbatim

_OTHER_LINES = 8
"""Lines of the live table beside the trials: headers, the best one, the bar, and the note above."""


class SweepDisplay:
    """Shows the progress of a sweep; this one, for quiet commands, shows nothing."""

    def show(self, rows: Sequence[TrialRow], best: TrialRow | None) -> None:
        """The finished trials, in the order of their numbers, and the best of them."""


def sweep_display(
    terminal: Terminal, metric: str, count: int, clock: Clock = time.monotonic
) -> AbstractContextManager[SweepDisplay]:
    """The display that suits the terminal. ``metric`` is what trials are judged by, ``count`` how many there are."""
    if terminal.quiet:
        return nullcontext(SweepDisplay())
    if not terminal.err.is_terminal:
        return nullcontext(_PlainLines(terminal.err, metric, count))
    return closing(_LiveTable(terminal.err, metric, count, clock))


def trial_line(metric: str, count: int, row: TrialRow) -> View:
    """The line about a trial: ``trial  3/40  val_r2 0.8123  layers.0.units=32, ...``."""
    total = f"{count:,}"
    value = row.state if row.value is None else number(row.value)
    fields = [f"trial {row.trial:>{len(total)},}/{total}", field(metric, value), _in_words(row.values)]
    return verbatim(GAP.join([*fields, *([row.state] if row.value is not None and row.state != "complete" else [])]))


def _in_words(values: Mapping[str, Any]) -> str:
    return ", ".join(f"{path}={value_text(value)}" for path, value in values.items())


class _PlainLines(SweepDisplay):
    def __init__(self, channel: Channel, metric: str, count: int):
        self._channel, self._metric, self._count = channel, metric, count
        self._shown: set[int] = set()

    def show(self, rows: Sequence[TrialRow], best: TrialRow | None) -> None:
        for row in rows:
            if row.trial not in self._shown:
                self._shown.add(row.trial)
                self._channel.print(trial_line(self._metric, self._count, row))


class _LiveTable(SweepDisplay):
    """The last trials as a table, with the best one below it; a bar with the time left goes when all are done."""

    def __init__(self, channel: Channel, metric: str, count: int, clock: Clock):
        self._channel, self._metric, self._count, self._clock = channel, metric, count, clock
        self._rows: Sequence[TrialRow] = ()
        self._best: TrialRow | None = None
        self._before: int | None = None
        self._began = clock()
        self._area = LiveArea(channel, self._live, clock)

    def show(self, rows: Sequence[TrialRow], best: TrialRow | None) -> None:
        if self._before is None:
            self._before = len(rows)
        self._rows, self._best = rows, best
        self._area.redraw()

    def close(self) -> None:
        self._area.close(Stack(self._table(self._channel.console.height)) if self._rows else Stack([]))

    def _live(self, height: int) -> View:
        done, before, seconds = len(self._rows), self._before or 0, self._clock() - self._began
        left = seconds / (done - before) * (self._count - done) if done > before else None
        progress = bar(f"{done:,} of {self._count:,} trials", done / self._count, seconds, left=left)
        return Stack([*(self._table(height) if self._rows else []), Bars([progress])])

    def _table(self, height: int) -> list[View]:
        """As many of the last trials as there is room for, and the best one."""
        shown = self._rows[-max(1, height - _OTHER_LINES) :]
        left_out = len(self._rows) - len(shown)
        before = [Lines([[Span(f"{plural(left_out, 'trial')} before these", FAINT)]])] if left_out else []
        return [*before, TrialsTable(self._metric, shown, self._best, live=True)]
