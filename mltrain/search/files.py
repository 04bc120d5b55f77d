"""The tables that several trainings leave in a run: a line for each, and a line for each row that a fold held out."""

from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mltrain.engine.metrics.base import on_held_out
from mltrain.inference.model import Model
from mltrain.inference.prediction_files import csv_text, number_columns, prediction_columns, prediction_names
from mltrain.inference.tables import target_names
from mltrain.search.trainings import Trained


def members_csv(members: Sequence[Trained]) -> str:
    """A line for each training: what it is, how long it took, and what it reached.

    ``loss`` and so on are those of the epoch whose weights it has; ``fold_loss`` and so on are measured on the rows
    that it held out.
    """
    rows = [_facts(number, one) for number, one in enumerate(members, 1)]
    names = list(dict.fromkeys(name for row in rows for name in row))
    return csv_text([names, *([row.get(name, "") for name in names] for row in rows)])


def _facts(number: int, one: Trained) -> dict[str, Any]:
    role = {"repeat": one.role.repeat, "fold": one.role.fold}
    held = one.held_out
    return {
        "member": number,
        **{name: value for name, value in role.items() if value is not None},
        "seed": one.role.seed,
        "epochs": one.epochs,
        "seconds": f"{one.seconds:.6f}",
        **(one.report.values if one.report else {}),
        **({} if held is None else {on_held_out(name): value for name, value in held.values.items()}),
    }


def out_of_fold_csv(model: Model, members: Sequence[Trained]) -> str:
    """The rows that folds held out, with what the network that had not seen them says: by repeat, then by row."""
    probabilities = model.classes is not None and model.gives_probabilities
    truth = [f"true_{name}" for name in target_names(model)]
    header = ["row", "repeat", "fold", *truth, *prediction_names(model, probabilities=probabilities)]
    lines = [line for one in members for line in _lines(model, one, probabilities)]
    return csv_text([header, *sorted(lines, key=lambda line: (line[1], line[0]))])


def _lines(model: Model, one: Trained, probabilities: bool) -> Iterator[list[Any]]:
    held, role = one.held_out, one.role
    if held is None:
        return
    if model.classes is not None:
        true = np.array(model.classes, np.object_)[held.true].reshape(len(held.true), -1).T.tolist()
    else:
        true = number_columns(held.true)
    columns = [*true, *prediction_columns(model, held.outputs, probabilities=probabilities)]
    for number, cells in zip(held.row_numbers.tolist(), zip(*columns, strict=True), strict=True):
        yield [number, role.repeat, role.fold, *cells]
