"""``mltrain runs diff``: the differences between two runs, in configs and results."""

from pathlib import Path
from typing import Any

from mltrain.config.differences import ABSENT, Difference, differences
from mltrain.config.yaml_writer import on_one_line
from mltrain.errors import dotted
from mltrain.runs.saved_run import SavedRun
from mltrain.views.terminal.number_format import duration, number
from mltrain.views.terminal.run_tables import NOTHING, side_by_side
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import Stack, View, verbatim

Values = dict[str, float | int | str]


def run(terminal: Terminal, old: Path, new: Path) -> None:
    """Show where the configs differ, and the results of both runs side by side."""
    records = [SavedRun.read(path) for path in (old, new)]
    found = differences(*(record.model.config for record in records))
    one, other = results = [_results(record) for record in records]
    names = [record.name for record in records]
    if len(set(names)) == 1:
        names = [str(record.folder) for record in records]
    labels = list(dict.fromkeys([*results[0], *results[1]]))
    views: list[View] = [
        side_by_side("config", names, [_texts(difference) for difference in found])
        if found
        else verbatim("the configs are the same"),
        verbatim(""),
        side_by_side("result", names, [(label, _shown(label, one), _shown(label, other)) for label in labels]),
    ]
    document = {
        "runs": [str(record.file) for record in records],
        "config": [_document(difference) for difference in found],
        "result": {label: [values.get(label) for values in results] for label in labels},
    }
    terminal.result(Stack(views), document)


def _results(record: SavedRun) -> Values:
    """The results of a run: its last epoch, and its duration."""
    origin = record.model.origin
    history = record.history
    last = {name: values[-1] for name, values in history.items() if values and name not in ("epoch", "seconds")}
    return {
        **({"epochs": record.epochs, **last, "seconds": sum(history.get("seconds", ()))} if history else {}),
        "parameters": record.model.parameter_count,
        **({f"{part} rows": count for part, count in origin.rows.items()} if origin else {}),
        **({"data": origin.data, **origin.document["environment"]} if origin else {}),
    }


def _texts(difference: Difference) -> tuple[str, str, str]:
    old, new = (NOTHING if value is ABSENT else on_one_line(value) for value in difference[1:])
    return dotted(difference.path), old, new


def _shown(label: str, values: Values) -> str:
    value = values.get(label)
    match value:
        case None:
            return NOTHING
        case str():
            return value[:_DIGITS]
        case float() if label == "seconds":
            return duration(value)
        case float():
            return number(value)
    return f"{value:,}"


_DIGITS = 12
"""Hexadecimal digits of a hash that are shown."""


def _document(difference: Difference) -> dict[str, Any]:
    """A difference for JSON; an option that one config lacks is null there."""
    old, new = (None if value is ABSENT else value for value in difference[1:])
    return {"path": dotted(difference.path), "old": old, "new": new}
