"""Tables of runs: a list with one run per line, one of sweeps, and two runs side by side."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import NamedTuple

from mltrain.views.terminal.number_format import duration, number
from mltrain.views.terminal.views import FAINT, STRONG, Column, Line, Row, Span, Table, View

NOTHING = "–"
"""The text for a missing value."""


class RunRow(NamedTuple):
    """A run. ``when`` is in seconds since 1970; ``best`` is the best value of ``measure``. None means unknown."""

    run: str
    when: float
    config: str | None
    rows: int | None
    parameters: int | None
    measure: str | None
    best: float | None
    epochs: int | None
    seconds: float | None


@dataclass(frozen=True)
class RunsTable(View):
    """One line per run. A narrow terminal omits the config column, and then the year; on a still
    narrower one, each run takes several lines, and nothing is omitted.
    """

    runs: Sequence[RunRow]

    def lines(self, width: int | None) -> Iterable[Line]:
        tables = [self._table(), self._table(config=False), self._table(config=False, year=False)]
        fitting = (table for table in tables if width is None or table.natural_width() <= width)
        narrow = tables[-1] if width is not None and tables[-1].fits(width) else tables[0]
        return next(fitting, narrow).lines(width)

    def _table(self, *, config: bool = True, year: bool = True) -> Table:
        measures = {run.measure for run in self.runs}
        shared = len(measures) == 1
        best = next(iter(measures)) or NOTHING if shared else "best"
        numeric = [Column(name, right=True) for name in ("rows", "parameters")]
        columns = [Column("run", style=STRONG, wraps=True), Column("when", style=FAINT)]
        columns += [*([Column("config", wraps=True)] if config else []), *numeric, Column(best, wraps=not shared)]
        columns += [Column(name, right=True) for name in ("epochs", "time")]
        return Table(columns, [_row(run, config=config, year=year, named=not shared) for run in self.runs])


def _row(run: RunRow, *, config: bool, year: bool, named: bool) -> Row:
    best = NOTHING if run.best is None else number(run.best)
    return (
        run.run,
        _day(run.when, year=year),
        *([run.config or NOTHING] if config else []),
        *(NOTHING if count is None else f"{count:,}" for count in (run.rows, run.parameters)),
        f"{best} {run.measure}" if named and run.best is not None else best,
        NOTHING if run.epochs is None else f"{run.epochs:,}",
        NOTHING if run.seconds is None else duration(run.seconds),
    )


def side_by_side(title: str, names: Sequence[str], rows: Sequence[tuple[str, str, str]]) -> Table:
    """The values of two runs, under the ``names`` of both."""
    columns = [Column(title, wraps=True), *(Column(name, wraps=True) for name in names)]
    return Table(
        columns, [(path, *(Span(text, FAINT if text == NOTHING else "") for text in both)) for path, *both in rows]
    )


class SweepRow(NamedTuple):
    """A sweep. ``done`` of its ``planned`` trials are finished; ``best`` is the best value of ``measure``."""

    sweep: str
    when: float
    done: int
    planned: int
    measure: str
    best: float | None
    trial: int | None
    seconds: float


def sweeps_table(sweeps: Sequence[SweepRow]) -> Table:
    """One line per sweep."""
    columns = [Column("sweep", style=STRONG, wraps=True), Column("when", style=FAINT), Column("trials", right=True)]
    columns += [Column("best", wraps=True), Column("of trial", right=True), Column("time", right=True)]
    return Table(
        columns,
        [
            (
                one.sweep,
                _day(one.when),
                f"{one.done:,} of {one.planned:,}" if one.planned != one.done else f"{one.done:,}",
                NOTHING if one.best is None else f"{number(one.best)} {one.measure}",
                NOTHING if one.trial is None else f"{one.trial:,}",
                duration(one.seconds),
            )
            for one in sweeps
        ],
    )


def _day(when: float, *, year: bool = True) -> str:
    return datetime.fromtimestamp(when).strftime("%Y-%m-%d %H:%M" if year else "%m-%d %H:%M")
