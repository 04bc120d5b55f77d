"""``mltrain runs``: all runs of a folder, one per line."""

from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from mltrain.errors import UsageError
from mltrain.names.nearest import did_you_mean
from mltrain.runs.catalogue import RunSummary, list_runs
from mltrain.runs.run import RUNS
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.run_tables import RunRow, RunsTable
from mltrain.views.terminal.terminal import Terminal

COLUMNS = ("run", "when", "config", "rows", "parameters", "best", "epochs", "time")
"""The columns by which runs can be sorted."""

_MOST_OTHERS = 5


def run(terminal: Terminal, folder: Path | None, *, sort: str, reverse: bool) -> None:
    """List the runs in ``folder``, or below ``runs/``; mention other folders there."""
    if sort not in COLUMNS:
        raise UsageError(f"--sort {sort}: expected {', '.join(COLUMNS)}{did_you_mean(sort, COLUMNS)}")
    runs, others = list_runs(folder or RUNS) if folder or RUNS.is_dir() else ([], [])
    for sentence in others[:_MOST_OTHERS]:
        terminal.note(f"left out: {sentence}")
    if len(others) > _MOST_OTHERS:
        terminal.note(f"and {plural(len(others) - _MOST_OTHERS, 'other folder')} that hold no run")
    runs = in_order(runs, sort, reverse=reverse)
    if terminal.json:
        terminal.result(RunsTable([]), {"runs": [_document(one) for one in runs]})
    elif runs:
        terminal.result(RunsTable([_row(one) for one in runs]), {})
    else:
        terminal.note(f"there is no run below {folder or RUNS}/ yet; train one with: mltrain fit CONFIG")


def in_order(runs: Sequence[RunSummary], column: str, *, reverse: bool = False) -> list[RunSummary]:
    """The runs sorted by a column in ascending order; runs without a value are always last."""
    name = {"time": "seconds"}.get(column, column)
    known = [one for one in runs if getattr(one, name) is not None]
    unknown = [one for one in runs if getattr(one, name) is None]
    return [*sorted(known, key=lambda one: getattr(one, name), reverse=reverse), *unknown]


def _row(one: RunSummary) -> RunRow:
    return RunRow(*(getattr(one, name) for name in RunRow._fields))


def _document(one: RunSummary) -> dict[str, Any]:
    when = datetime.fromtimestamp(one.when, UTC).isoformat(timespec="seconds")
    return {**_row(one)._asdict(), "run": str(one.folder), "when": when}
