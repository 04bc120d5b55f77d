"""The rows that the folds of a cross-validation held out, read again, each with the network that has not seen it."""

from pathlib import Path

import numpy as np

from mltrain.data.base import DatasetSpec, Split
from mltrain.data.splitting import Parts
from mltrain.inference.ensemble import Ensemble, HeldOutEnsemble
from mltrain.inference.model import Model
from mltrain.inference.scores import Predictions
from mltrain.runs.saved_run import OutOfFold


def held_out_rows(found: OutOfFold, model: Model, description: DatasetSpec, folder: Path) -> Predictions | None:
    """The rows of ``found``, as the networks of ``model`` read them, each to be predicted by that of its own fold.

    None where the data no longer has these rows. Raises `DataError`.
    """
    if not isinstance(model, Ensemble):
        return None
    raw = description.read(model.config.seed, folder)
    numbers, nothing = raw.row_numbers, np.empty(0, np.intp)
    order = np.argsort(numbers, kind="stable")
    places = order[np.minimum(np.searchsorted(numbers[order], found.row_numbers), len(numbers) - 1)]
    if not np.array_equal(numbers[places], found.row_numbers):
        return None
    members = {role.fold: number for number, role in enumerate(model.roles) if role.repeat == 1}
    by_member = np.array([members.get(fold, -1) for fold in found.folds.tolist()], np.intp)
    if (by_member < 0).any():
        return None
    rows = raw.split(Parts(np.arange(raw.count), nothing, nothing), learned=model.preprocessing, last=True).train
    own = HeldOutEnsemble.of_ensemble(model)
    return Predictions(own, Split(own.rows(rows.x[places], by_member), rows.y[places]))


def held_out_predictions(found: OutOfFold, model: Model, description: DatasetSpec, folder: Path) -> Predictions | None:
    """What the folds said of the rows that they held out.

    It is computed again where the file does not say it: for scores of classes, and where the model has a temperature
    now. None where it cannot be. Raises `DataError`.
    """
    said = found.predictions(model) if model.temperature == 1 else None
    return said if said is not None else held_out_rows(found, model, description, folder)
