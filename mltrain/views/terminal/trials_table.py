"""The trials of a sweep as a table."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mltrain.views.terminal.number_format import duration, number
from mltrain.views.terminal.views import FAINT, STRONG, Column, Line, Span, Table, View, cut

_LONGEST_VALUE, _LONGEST_HEADER = 16, 10
"""Columns of a value in a table whose rows are one line each, and of a header that is not broken there."""


class TrialRow(NamedTuple):
    """A finished trial. ``trial`` counts from 1; ``value`` is None for a trial that failed.

    ``epochs`` and ``seconds`` are None where they are not shown.
    """

    trial: int
    state: str
    value: float | None
    values: Mapping[str, Any]
    epochs: int | None = None
    seconds: float | None = None


@dataclass(frozen=True)
class TrialsTable(View):
    """A line for each trial, the best one bold, those that are not complete faint.

    A narrow terminal has the last parts of the parameters' names, and then only as many parameters as fit. With
    ``live``, each row is one line, and the best trial is in the last one once more.
    """

    metric: str
    rows: Sequence[TrialRow]
    best: TrialRow | None
    live: bool = False

    def lines(self, width: int | None) -> Iterable[Line]:
        paths = list(dict.fromkeys(path for row in self.rows for path in row.values))
        return first_that_fits(paths, self._table, width).lines(width)

    def _table(self, names: Mapping[str, str], left_out: int) -> Table:
        """The table with these names of parameters, of which so many were left out."""
        columns = [Column("trial", right=True), Column(self.metric, right=True)]
        columns += [Column(self._header(name), wraps=not self.live) for name in names.values()]
        if left_out:
            columns.append(Column(f"+{left_out}", style=FAINT))
        if timed := any(row.seconds is not None for row in self.rows):
            columns += [Column("epochs", right=True), Column("time", right=True)]
        if any(_ended(row) for row in self.rows):
            columns.append(Column(""))

        def line(row: TrialRow, trial: str) -> tuple[Span, ...]:
            is_best = self.best is not None and row.trial == self.best.trial
            style = STRONG if is_best else FAINT if row.state != "complete" else ""
            value = row.state if row.value is None else number(row.value)
            texts = [trial, value, *(self._value(row.values.get(path, "")) for path in names)]
            texts += [""] if left_out else []
            texts += [f"{row.epochs or 0:,}", duration(row.seconds or 0.0)] if timed else []
            texts.append(_ended(row))
            return tuple(Span(text, style) for text in texts[: len(columns)])

        lines = [line(row, str(row.trial)) for row in self.rows]
        if self.live and self.best is not None:
            lines.append(line(self.best, f"best {self.best.trial}"))
        return Table(columns, lines)

    def _header(self, name: str) -> str:
        return name.replace("_", "_\n") if self.live and len(name) > _LONGEST_HEADER else name

    def _value(self, value: Any) -> str:
        text = value_text(value)
        return cut(text.removeprefix("{type: "), _LONGEST_VALUE) if self.live else text


def _ended(row: TrialRow) -> str:
    """Why a trial with a value is not complete."""
    return row.state if row.value is not None and row.state != "complete" else ""


def first_that_fits(
    paths: Sequence[str], table_of: Callable[[Mapping[str, str], int], Table], width: int | None
) -> Table:
    """The table of parameters with the longest names, and then the most columns, that is no wider than ``width``.

    ``table_of`` makes it from the name of each path, and the number of parameters that are left out.
    """
    table = table_of(dict(zip(paths, paths, strict=True)), 0)
    if width is None or table.natural_width() <= width:
        return table
    names = list(_short_names(paths).items())
    tables = [table_of(dict(names[:count]), len(names) - count) for count in range(len(names), -1, -1)]
    natural = [tables[0]] if tables[0].natural_width() <= width else []
    return next((one for one in (*natural, table, *tables) if one.fits(width)), table)


def _short_names(paths: Sequence[str]) -> dict[str, str]:
    """The last part of each path, or as many as tell it from the others."""
    short = {}
    for path in paths:
        parts = path.split(".")
        endings = (".".join(parts[-count:]) for count in range(1, len(parts) + 1))
        short[path] = next(
            (one for one in endings if not any(other != path and f".{other}".endswith(f".{one}") for other in paths)),
            path,
        )
    return short


def value_text(value: Any) -> str:
    """A value of a parameter."""
    return number(value) if isinstance(value, float) else str(value)
