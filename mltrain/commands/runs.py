"""``mltrain runs``: all runs and sweeps of a folder, one per line; or the trials of a sweep."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from mltrain.errors import UsageError
from mltrain.names.nearest import did_you_mean
from mltrain.runs.catalogue import RunSummary, list_runs, list_sweeps
from mltrain.runs.run import RUNS
from mltrain.runs.saved_sweep import SavedSweep, SavedTrial
from mltrain.runs.sweep_folder import SWEEPS
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.run_tables import RunRow, RunsTable, SweepRow, sweeps_table
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.trials_table import TrialRow, TrialsTable
from mltrain.views.terminal.views import Stack, View, verbatim

T = TypeVar("T")

COLUMNS = ("run", "when", "config", "rows", "parameters", "best", "epochs", "time")
"""The columns by which runs can be sorted."""

_MOST_OTHERS = 5


SWEEP_COLUMNS = ("when", "best", "epochs", "time")
"""The columns by which the trials of a sweep can be sorted; the first is their order."""


def run(terminal: Terminal, folder: Path | None, *, sort: str, reverse: bool) -> None:
    """List the runs and sweeps in ``folder``, or below ``runs/`` and ``sweeps/``; mention other folders there.

    Of the folder of a sweep, list the trials.
    """
    if sort not in COLUMNS:
        raise UsageError(f"--sort {sort}: expected {', '.join(COLUMNS)}{did_you_mean(sort, COLUMNS)}")
    if (sweep := SavedSweep.at(folder)) is not None:
        _list_trials(terminal, sweep, sort, reverse=reverse)
        return
    runs, others = list_runs(folder or RUNS) if folder or RUNS.is_dir() else ([], [])
    sweeps, unreadable = list_sweeps(folder or SWEEPS) if folder or SWEEPS.is_dir() else ([], [])
    others += unreadable
    for sentence in others[:_MOST_OTHERS]:
        terminal.note(f"left out: {sentence}")
    if len(others) > _MOST_OTHERS:
        terminal.note(f"and {plural(len(others) - _MOST_OTHERS, 'other folder')} that hold no run")
    runs = in_order(runs, sort, reverse=reverse)
    if terminal.json:
        rows = [_sweep_row(one)._asdict() | {"sweep": str(one.folder), "when": _time(one.when)} for one in sweeps]
        terminal.result(RunsTable([]), {"runs": [_document(one) for one in runs], "sweeps": rows})
        return
    tables: list[View] = [RunsTable([_row(one) for one in runs])] if runs else []
    if sweeps:
        tables += [verbatim("")] if runs else []
        tables.append(sweeps_table([_sweep_row(one) for one in sorted(sweeps, key=lambda one: one.when)]))
    if tables:
        terminal.result(Stack(tables), {})
    else:
        terminal.note(f"there is no run below {folder or RUNS}/ yet; train one with: mltrain fit CONFIG")


def _sweep_row(one: SavedSweep) -> SweepRow:
    best = one.best
    value, trial = (None, None) if best is None else (best.value, best.number)
    return SweepRow(one.folder.name, one.when, len(one.trials), one.planned, one.metric, value, trial, one.seconds)


def _list_trials(terminal: Terminal, sweep: SavedSweep, sort: str, *, reverse: bool) -> None:
    """The trials of a sweep, by their numbers unless another order is asked for."""
    if sort not in SWEEP_COLUMNS:
        raise UsageError(f"--sort {sort}: the trials of a sweep are sorted by {', '.join(SWEEP_COLUMNS)}")
    keys = {"when": "number", "best": "value", "epochs": "epochs", "time": "seconds"}
    trials = sorted_by(sweep.trials, keys[sort], reverse=reverse)
    document = {
        "sweep": str(sweep.folder),
        "metric": sweep.metric,
        "trials": [
            {
                "trial": one.number,
                "state": one.state,
                "value": one.value,
                "parameters": dict(one.values),
                "epochs": one.epochs,
                "seconds": one.seconds,
                **({"error": one.error} if one.error else {}),
            }
            for one in trials
        ],
    }
    best = sweep.best
    rows = [_trial_row(one) for one in trials]
    if not rows:
        terminal.note(f"{sweep.folder}: no trial is finished yet")
    table = TrialsTable(sweep.metric, rows, None if best is None else _trial_row(best))
    terminal.result(table if rows else verbatim(""), document)


def _trial_row(one: SavedTrial) -> TrialRow:
    return TrialRow(one.number, one.state, one.value, one.values, one.epochs, one.seconds)


def in_order(runs: Sequence[RunSummary], column: str, *, reverse: bool = False) -> list[RunSummary]:
    """The runs sorted by a column in ascending order; runs without a value are always last."""
    return sorted_by(runs, {"time": "seconds"}.get(column, column), reverse=reverse)


def sorted_by(items: Sequence[T], name: str, *, reverse: bool = False) -> list[T]:
    """Items sorted by an attribute in ascending order; those without a value are always last."""
    known = [one for one in items if getattr(one, name) is not None]
    unknown = [one for one in items if getattr(one, name) is None]
    return [*sorted(known, key=lambda one: getattr(one, name), reverse=reverse), *unknown]


def _row(one: RunSummary) -> RunRow:
    return RunRow(*(getattr(one, name) for name in RunRow._fields))


def _document(one: RunSummary) -> dict[str, Any]:
    return {**_row(one)._asdict(), "run": str(one.folder), "when": _time(one.when)}


def _time(when: float) -> str:
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="seconds")
