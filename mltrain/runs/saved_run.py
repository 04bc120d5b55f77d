"""Reads a run from its files: the model, the numbers of its epochs, its frames, and the location of its rows."""

import csv
import io
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.base import Dataset, DatasetSpec, Split
from mltrain.engine.arrays import Floats
from mltrain.engine.network import Network
from mltrain.errors import DataError, reason
from mltrain.inference.model import Model
from mltrain.inference.scores import Predictions
from mltrain.runs.frames import Frames
from mltrain.runs.run import CONFIG, FILES, FRAMES, HISTORY, MEMBERS, OUT_OF_FOLD, dataset_of, files_of, find_model
from mltrain.system.atomic_folder import current_file, read_together
from mltrain.system.safe_open import open_file

Columns = dict[str, list[float]]
"""The columns of a table by header."""


@dataclass(frozen=True)
class SavedRun:
    """A trained model with the history and frames of its training, both of which may be missing.

    ``members`` are what each network of an ensemble reached, and ``out_of_fold`` the predictions of a cross-validation.
    ``folder`` is the folder of the run, or of a single model file.
    """

    file: Path
    model: Model
    history: Columns
    frames: Frames | None
    dataset: DatasetSpec
    members: Columns = field(default_factory=dict)
    out_of_fold: "OutOfFold | None" = None

    @classmethod
    def read(cls, path: Path | None) -> "SavedRun":
        """Read a run directory, or a model file; without a path, the newest run.

        Raises `UsageError`, `ModelFileError` or `DataError`.
        """
        file = find_model(path)

        def read(files: Mapping[str, Path]) -> "SavedRun":
            model = Model.load(files.get(file.name, file))
            # A model without a config beside it is a copied file: other files in its folder do not belong to it.
            beside = files if CONFIG in files else {}
            return cls(
                file,
                model,
                read_history(beside[HISTORY]) if HISTORY in beside else {},
                Frames.load(beside[FRAMES], model.network.parameters.size) if FRAMES in beside else None,
                dataset_of(files.get(CONFIG), model),
                read_members(beside[MEMBERS]) if MEMBERS in beside else {},
                read_out_of_fold(beside[OUT_OF_FOLD], model) if OUT_OF_FOLD in beside else None,
            )

        return read_together(file.parent, (file.name, CONFIG, HISTORY, FRAMES, MEMBERS, OUT_OF_FOLD), read)

    @property
    def folder(self) -> Path:
        return self.file.parent

    @property
    def name(self) -> str:
        """The name shown to users: the run's folder, or the model file."""
        return self.folder.resolve().name if current_file(self.folder, CONFIG) else self.file.name

    @property
    def epochs(self) -> int:
        """The number of epochs in the model's history."""
        return int(self.history["epoch"][-1]) if self.history.get("epoch") else 0

    @cached_property
    def data(self) -> Dataset:
        """Load the rows. Raises `DataError` if they cannot be loaded."""
        dataset = self.dataset.load(self.model.config.seed, self.folder, self.model.preprocessing)
        self.model.refuse_other(dataset.row_spec)
        return self.model.measured_parts(dataset)

    @property
    def inputs(self) -> list[Path]:
        """The files that the run was read from, and those of its dataset."""
        return [*(self.folder / name for name in (self.file.name, *FILES)), *files_of(self.dataset, self.folder)]

    @property
    def frames_to_the_end(self) -> Frames:
        """The run's frames and, if there is none of the last epoch, the model itself.

        A model that was trained again is of no epoch of the history.
        """
        epochs, vectors = (self.frames.epochs, self.frames.vectors) if self.frames else ([], [])
        if epochs and epochs[-1] < self.epochs and self.model.refit is None:
            return Frames([*epochs, self.epochs], [*vectors, self.model.network.parameters])
        return Frames(epochs, vectors)

    @property
    def untrained(self) -> Network | None:
        """The network as it was before training, if the run kept it."""
        return self.network_with(self.frames.vectors[0]) if self.frames else None

    def network_with(self, parameters: Floats) -> Network:
        """A network like the model's, with other parameters."""
        return self.model.with_parameters(parameters).network


HELD_OUT = "out of fold"
"""The name of the rows that the folds of a cross-validation held out, each predicted by the network that did so."""


class OutOfFold(NamedTuple):
    """What the folds of a cross-validation said of the rows that they held out, in the first of its repeats.

    ``row_numbers`` are those in the source, and ``folds`` the numbers of the folds, from 1. ``true`` and ``predicted``
    are ``(rows, targets)``: class numbers, or numbers; ``probabilities`` are ``(rows, targets, classes)``, if the model
    gives any. Positions count as targets.
    """

    row_numbers: npt.NDArray[np.intp]
    folds: npt.NDArray[np.intp]
    true: npt.NDArray[Any]
    predicted: npt.NDArray[Any]
    probabilities: npt.NDArray[np.float64] | None

    def predictions(self, model: Model) -> Predictions | None:
        """The same as outputs of the model; None for classes without probabilities, whose outputs are not known."""
        shape = (len(self.true), *model.network.output_shape)
        if model.classes is None:
            y = self.predicted.reshape(shape)
            truth = self.true.astype(np.int32)[:, 0] if model.row_spec.classes else self.true.reshape(shape)
        elif self.probabilities is None:
            return None
        else:
            y = (self.probabilities[..., 1:] if shape[-1] == 1 else self.probabilities).reshape(shape)
            truth = self.true.reshape(shape[:-1])
            if model.row_spec.classes is None:  # numbers that the loss takes for classes
                truth = np.array(model.classes, np.float32)[truth].reshape(len(truth), -1)
        truth = truth.astype(np.float32 if model.row_spec.classes is None else np.int32)
        with np.errstate(over="ignore"):  # a number may be infinite
            return Predictions(model, Split(np.empty((len(truth), 0), np.float32), truth), y.astype(np.float32))


def out_of_fold_beside(file: Path, model: Model) -> OutOfFold | None:
    """The predictions for held-out rows in the run of a model file, if it is that of a cross-validation.

    Raises `DataError` if they cannot be read.
    """
    path = current_file(file.parent, OUT_OF_FOLD)
    return read_out_of_fold(path, model) if path is not None and model.is_cross_validated else None


def read_out_of_fold(path: Path, model: Model) -> OutOfFold:
    """The predictions in an ``out_of_fold.csv`` of this model. Raises `DataError` if it cannot be read."""
    from mltrain.inference.prediction_files import prediction_names  # few runs are cross-validations
    from mltrain.inference.tables import target_names

    numbers = {name: str(number) for number, name in enumerate(model.classes or ())}
    kind, targets = np.float64 if model.classes is None else np.intp, target_names(model)
    try:
        with io.TextIOWrapper(open_file(path), encoding="utf-8", newline="") as file:
            rows = [row for row in csv.DictReader(file) if row["repeat"] == "1"]
        if not rows or len(rows) != (_count_held_out(model) or len(rows)):
            raise ValueError
        true, predicted = (
            np.array([[numbers[row[name]] if numbers else row[name] for name in names] for row in rows], kind)
            for names in ([f"{what}_{target}" for target in targets] for what in ("true", "predicted"))
        )
        probabilities = None
        if model.classes is not None and model.gives_probabilities:
            columns = prediction_names(model, probabilities=True)[len(targets) :]
            shares = np.array([[row[name] for name in columns] for row in rows], np.float64)
            probabilities = shares.reshape(len(rows), len(targets), -1)
        row_numbers, folds = (np.array([row[name] for row in rows], np.intp) for name in ("row", "fold"))
        return OutOfFold(row_numbers, folds, true, predicted, probabilities)
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    except (ValueError, KeyError, TypeError, csv.Error):
        raise DataError(f"{path}: is not what mltrain wrote of the folds of this model") from None


def _count_held_out(model: Model) -> int | None:
    """How many rows the folds of one training held out, each row once; None if it is not known, as of ensembles."""
    is_known = model.origin is not None and model.refit is not None and len(model.networks()) == 1
    return model.origin.rows.get("train") if model.origin and is_known else None


def read_members(path: Path) -> Columns:
    """The columns of a ``members.csv``. Raises `DataError` if it cannot be read."""
    return _read_numbers(path, "member", "a table of members")


def read_history(path: Path) -> Columns:
    """The columns of a ``history.csv``. Raises `DataError` if it cannot be read."""
    return _read_numbers(path, "epoch", "a history")


def _read_numbers(path: Path, key: str, what: str) -> Columns:
    """The columns of a table of numbers that mltrain wrote, in which each row has a number ``key``."""
    columns: Columns = {}
    try:
        with io.TextIOWrapper(open_file(path), encoding="utf-8", newline="") as file:
            reader = csv.reader(file)
            columns = {name: [] for name in next(reader, [])}
            if key not in columns:
                raise DataError(f"{path}: has no column '{key}', so it is not {what} of mltrain")
            for row in reader:
                for values, text in zip(columns.values(), row, strict=True):
                    values.append(float(text or "nan"))
            if not all(map(math.isfinite, columns[key])):
                raise ValueError
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {reason(error)}") from error
    except (ValueError, csv.Error):
        raise DataError(f"{path}:{reader.line_num}: expected a number for each of {', '.join(columns)}") from None
    return columns
