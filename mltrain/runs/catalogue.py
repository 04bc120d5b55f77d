"""Lists the runs and the sweeps of a folder.

Of runs, only headers and metadata are read, not the weights, so hundreds of runs list quickly.
"""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, cast

import numpy as np

from mltrain.engine.metrics.base import Metric, on_held_out, on_validation
from mltrain.errors import DataError, MltrainError, ModelFileError, StorageError, reason
from mltrain.inference.model_file import MODEL_FORMATS, ModelFile
from mltrain.runs.run import HISTORY, MEMBERS, MODEL
from mltrain.runs.saved_run import Columns, read_history, read_members
from mltrain.runs.saved_sweep import SavedSweep
from mltrain.runs.sweep_folder import is_sweep
from mltrain.system.atomic_folder import read_together


@dataclass(frozen=True)
class RunSummary:
    """A summary of one run. A field is None where the run's files do not have it.

    ``when`` is the time when the model was written, in seconds since 1970. ``rows`` is the number of training rows.
    ``measure`` names the first metric of the config, or the loss, on the validation rows if there are any; ``best`` is
    its best value over all epochs. ``seconds`` is the time of all epochs together. Of several networks, as those of the
    folds of a cross-validation, ``measure`` is on the rows that they held out, and ``best`` is the mean over them.
    """

    folder: Path
    when: float
    config: str | None = None
    rows: int | None = None
    parameters: int | None = None
    measure: str | None = None
    best: float | None = None
    epochs: int | None = None
    seconds: float | None = None

    @property
    def run(self) -> str:
        return self.folder.name


def list_runs(runs: Path) -> tuple[list[RunSummary], list[str]]:
    """The runs in a folder, by name, and a sentence for each other folder that is no sweep. Raises `DataError`."""
    found, others = [], []
    for folder in _folders(runs):
        if is_sweep(folder):
            continue
        try:
            found.append(run_summary(folder))
        except (ModelFileError, DataError, StorageError) as error:
            others.append(str(error))
    return found, others


def list_sweeps(folder: Path) -> tuple[list[SavedSweep], list[str]]:
    """The sweeps in a folder, by name, and a sentence for each one that cannot be read. Raises `DataError`."""
    found, others = [], []
    for one in _folders(folder):
        try:
            sweep = SavedSweep.at(one)
        except MltrainError as error:
            others.append(str(error))
        else:
            found += [sweep] if sweep is not None else []
    return found, others


def _folders(folder: Path) -> list[Path]:
    try:
        return sorted(entry for entry in folder.iterdir() if entry.is_dir())
    except OSError as error:
        raise DataError(f"{folder}: cannot be read: {reason(error)}") from error


def run_summary(folder: Path) -> RunSummary:
    """Reads the summary of one run. Raises `ModelFileError` or `DataError` if it is not a run, or is damaged."""
    return read_together(folder, (MODEL, HISTORY, MEMBERS), partial(_facts_of_files, folder))


def _facts_of_files(folder: Path, files: Mapping[str, Path]) -> RunSummary:
    if MODEL not in files:
        raise ModelFileError(f"{folder}: holds no {MODEL}, so it is not the folder of a finished run")
    with ModelFile(files[MODEL], MODEL_FORMATS) as file:
        config, origin = _mapping(file.meta.get("config")), _mapping(file.meta.get("origin"))
        parameters = file.count_numbers()
    history = read_history(files[HISTORY]) if HISTORY in files else {}
    members = read_members(files[MEMBERS]) if MEMBERS in files else {}
    measure, best = _best(config, history, members)
    epochs = members.get("epochs") or history.get("epoch") or ([0.0] if history else [])
    rows, name = _mapping(origin.get("rows")).get("train"), config.get("name")
    return RunSummary(
        folder,
        files[MODEL].stat().st_mtime,
        config=name if isinstance(name, str) else None,
        rows=rows if isinstance(rows, int) else None,
        parameters=parameters,
        measure=measure,
        best=best,
        epochs=int(max(epochs)) if epochs else None,
        seconds=next((sum(one["seconds"]) for one in (members, history) if "seconds" in one), None),
    )


def _best(config: Mapping[str, Any], history: Columns, members: Columns) -> tuple[str | None, float | None]:
    """The name of the number that runs are compared by, and its best value over the epochs or mean over the members."""
    metrics = config.get("metrics")
    first = _mapping(metrics[0]).get("type") if isinstance(metrics, list) and metrics else None
    metric = cast(type[Metric] | None, Metric.family.find(first)) if isinstance(first, str) else None
    name = metric.type_name() if metric else "loss"
    columns = members or history
    measure = next((column for column in (on_held_out(name), on_validation(name), name) if column in columns), None)
    if members:
        means = [float(np.mean(values)) for values in [members.get(measure or "", [])] if values]
        return measure, means[0] if means and math.isfinite(means[0]) else None
    values = [value for value in history.get(measure or "", ()) if math.isfinite(value)]
    if not values:
        return measure, None
    return measure, max(values) if metric and metric.goal == "higher" else min(values)


def _mapping(value: Any) -> Mapping[str, Any]:
    return value if isinstance(value, dict) else {}
