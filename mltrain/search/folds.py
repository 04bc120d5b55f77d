"""The trainings of a cross-validation, and the ensemble of their networks."""

import dataclasses
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mltrain.data.base import RawData, Split
from mltrain.data.splitting import Parts
from mltrain.engine.metrics.base import true_classes
from mltrain.errors import DataError
from mltrain.inference.ensemble import Ensemble, Role
from mltrain.inference.origin import Origin
from mltrain.job import TrainingJob
from mltrain.search.trainings import FoldOf, HeldOut, Task, Trained


def fold_tasks(raw: RawData, job: TrainingJob, folds: int, repeats: int = 1) -> list[Task]:
    """A training for each fold of each repeat, of the rows that ``job`` was made of. Raises `DataError`.

    Each repeat has the next seed, for its folds and for its networks.
    """
    tasks = list[Task]()
    labels, classes = _labels(raw, job)
    for repeat in range(repeats):
        drawn = job.config.dataset.draw_folds(raw, job.config.seed, folds, labels, classes, repeat=repeat)
        tasks += [
            (Role(seed=job.config.seed + repeat, repeat=repeat + 1, fold=fold), FoldOf(raw, parts))
            for fold, parts in enumerate(drawn, 1)
        ]
    return tasks


def unseen_classes(tasks: Sequence[Task], raw: RawData, job: TrainingJob) -> list[str]:
    """A sentence for each fold that is tested on a class of which it has no row to learn from."""
    labels, classes = _labels(raw, job)
    found = []
    for number, (_, rows) in enumerate(tasks, 1):
        if labels is None or not isinstance(rows, FoldOf):
            continue
        parts = rows.parts
        new = np.setdiff1d(labels[parts.test], labels[parts.train]).tolist()
        if new:
            names = ", ".join(f"'{classes[one]}'" for one in new)
            found.append(f"fold {number} of {len(tasks)} is tested on {names}, of which it has no row to learn from")
    return found


def validating_folds(job: TrainingJob, folder: Path) -> list[Trained]:
    """What the folds of a training said of the rows that they left out, in its best epoch; nothing without folds.

    The rows are read again for their numbers. Raises `DataError`.
    """
    folds, (x, y) = job.folds, job.dataset.train
    if folds is None:
        return []
    raw = job.config.dataset.read(job.config.seed, folder)
    numbers = raw.row_numbers[job.config.dataset.draw(raw, job.config.seed).train]
    if len(numbers) != len(x):
        raise DataError("the rows have changed during the training")
    found = []
    for number, (fold, parameters) in enumerate(zip(folds.folds, folds.best, strict=True), 1):
        model = job.model([]).with_parameters(parameters)
        held_out = HeldOut.of(model, Split(x[fold], y[fold]), numbers[fold])
        role = Role(seed=job.config.seed, repeat=1, fold=number)
        found.append(Trained(role, model.row_spec, model.preprocessing, parameters, None, 0, 0.0, held_out=held_out))
    return found


def ensemble_of(job: TrainingJob, trained: Sequence[Trained], raw: RawData | None = None) -> Ensemble:
    """The networks as one model; of folds, ``raw`` are their rows, which this call may use up."""
    models, roles = [one.model(job.config) for one in trained], [one.role for one in trained]
    ensemble = Ensemble.of(job.config, models, roles, None)
    dataset = job.dataset
    if raw is not None:  # the rows as evaluate will read them
        parts = job.config.dataset.draw(raw, job.config.seed)
        dataset = raw.split(parts, learned=ensemble.preprocessing, last=True)
    origin = Origin.of(dataset)
    return dataclasses.replace(ensemble, origin=origin.trained_on_validation if ensemble.refit else origin)


def _labels(raw: RawData, job: TrainingJob) -> tuple[npt.NDArray[np.int32] | None, Sequence[str]]:
    """The classes by which folds are stratified, and their names: also where classes are given as numbers."""
    model = job.model([])
    if raw.labels is not None:
        return raw.labels, job.dataset.row_spec.classes or ()
    if model.classes is None:
        return None, ()
    nothing = np.empty(0, np.intp)
    labels = true_classes(model.target(raw.split(Parts(np.arange(raw.count), nothing, nothing)).train))
    return (labels.astype(np.int32), model.classes) if labels.ndim == 1 else (None, ())
