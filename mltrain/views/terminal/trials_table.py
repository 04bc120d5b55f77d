"""The trials of a sweep as a table."""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from mltrain.views.terminal.number_format import duration, number
from mltrain.views.terminal.views import FAINT, STRONG, Column, Span, Table


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


def trials_table(metric: str, rows: Sequence[TrialRow], best: TrialRow | None, *, repeats_best: bool = False) -> Table:
    """A line for each trial, the best one bold, those that are not complete faint.

    ``repeats_best``: it is in the last line once more.
    """
    paths = list(dict.fromkeys(path for row in rows for path in row.values))
    columns = [Column("trial", right=True), Column(metric, right=True)]
    columns += [Column(path, wraps=True) for path in paths]
    timed = any(row.seconds is not None for row in rows)
    if timed:
        columns += [Column("epochs", right=True), Column("time", right=True)]
    has_state = any(row.value is not None and row.state != "complete" for row in rows)
    if has_state:
        columns.append(Column("", style=FAINT))

    def line(row: TrialRow, name: str) -> tuple[Span, ...]:
        is_best = best is not None and row.trial == best.trial
        style = STRONG if is_best else FAINT if row.state != "complete" else ""
        value = row.state if row.value is None else number(row.value)
        texts = [name, value, *(value_text(row.values[path]) if path in row.values else "" for path in paths)]
        if timed:
            texts += [f"{row.epochs or 0:,}", duration(row.seconds or 0.0)]
        if has_state:
            texts.append(row.state if row.value is not None and row.state != "complete" else "")
        return tuple(Span(text, style) for text in texts)

    lines = [line(row, str(row.trial)) for row in rows]
    if repeats_best and best is not None:
        lines.append(line(best, f"best {best.trial}"))
    return Table(columns, lines)


def value_text(value: Any) -> str:
    """A value of a parameter."""
    return number(value) if isinstance(value, float) else str(value)
