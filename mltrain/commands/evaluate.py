"""``mltrain evaluate``: the loss and metrics of a model on held-out rows."""

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.base import Dataset, DatasetSpec, Split
from mltrain.data.fingerprint import fingerprint
from mltrain.engine.class_scores import Counts, scores_of
from mltrain.errors import UsageError
from mltrain.inference.bootstrap import interval, resampled, resamples_for, too_narrow
from mltrain.inference.ensemble import Ensemble
from mltrain.inference.model import Model
from mltrain.inference.scores import Predictions, score
from mltrain.inference.tables import open_for, read_split, target_names
from mltrain.job import split_to_evaluate
from mltrain.runs.held_out import held_out_predictions
from mltrain.runs.run import find_model, read_model
from mltrain.runs.saved_run import HELD_OUT, out_of_fold_beside
from mltrain.views.terminal.download import download_bar
from mltrain.views.terminal.number_format import number
from mltrain.views.terminal.tables import Confusion, class_table, evaluation, residual_table
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import Stack, View, verbatim

QUANTILES = (0.0, 0.05, 0.25, 0.5, 0.75, 0.95, 1.0)
"""The quantiles of the residuals that are shown: minimum, 5%, quartiles, 95%, maximum."""


_TRAINED_AGAIN = (
    "the model was trained on all of these rows, so they do not tell how good it is on new ones; held out before is "
    "what its first training reached on rows that it had not seen"
)

_ALL_SEEN = (
    "each of these rows was trained on by most of the folds, so these numbers are better than those of new rows will "
    "be; --data takes other rows"
)


def check_confidence(confidence: float | None) -> None:
    """Refuse what is no share. Raises `UsageError`."""
    if confidence is not None and not 0 < confidence < 1:
        percent = f"; write {confidence:g}% as {confidence / 100:g}" if 1 < confidence < 100 else ""
        raise UsageError(f"--confidence {confidence:g}: expected a share between 0 and 1, such as 0.95{percent}")


class ClassQuality(NamedTuple):
    """The scores of one class, and its number of rows. A score of 0 / 0 is 0."""

    precision: float
    recall: float
    f1: float
    rows: int


def run(terminal: Terminal, path: Path | None, data: str | None = None, confidence: float | None = None) -> None:
    """Evaluate the model on its test rows (else its validation rows, else all rows), or on the file ``data``.

    With ``confidence``, a share, every number gets the interval in which it probably is on other rows of the kind.
    """
    check_confidence(confidence)
    file = find_model(path)
    model, dataset, folder = read_model(file)
    if data is not None:
        split, found = rows_of(terminal, model, data)
    else:
        split, found = own_rows(terminal, file, model, dataset, folder)
    result = score(found, model.config.metrics) if split == HELD_OUT else model.evaluate(found.rows)
    if path is None:
        terminal.note(f"model {file}")
    document: dict[str, Any] = {
        "model": str(file),
        "split": split,
        "samples": len(found),
        "loss": result.loss,
        "metrics": result.metrics,
    }
    beside: dict[str, dict[str, str]] = {}
    if isinstance(model, Ensemble) and split != HELD_OUT:
        count, means = len(model.members), _means_of_members(model, found.rows)
        document["members"] = {"count": count, "mean": means}
        beside[f"mean of {count} alone"] = {name: number(value) for name, value in means.items()}
    if split == "train" and model.refit is not None:
        document["held_out"] = model.refit.held_out
        beside["held out before"] = {name: number(value) for name, value in model.refit.held_out.items()}
        terminal.warning(_TRAINED_AGAIN)
    if confidence is not None:
        for sentence in too_narrow(model, len(found)):
            terminal.warning(sentence)
        (drawn,) = resampled([found], model.config.metrics)
        intervals = {name: interval(values, confidence) for name, values in drawn.items()}
        flat = [name for name, one in intervals.items() if one.low == one.high]
        if flat and len(found) > 1:
            terminal.warning(
                f"the interval of {' and '.join(flat)} has no width, because all of these rows agree; on other rows of "
                "the kind it may be another, and these do not show by how much"
            )
        document["confidence"] = {
            "level": confidence,
            "resamples": resamples_for(len(found)),
            "intervals": {name: list(one) for name, one in intervals.items()},
        }
        beside[f"{100 * confidence:g}% interval"] = {
            name: f"{number(one.low)} to {number(one.high)}" for name, one in intervals.items()
        }
    views: list[View] = [evaluation(split, len(found), result.loss, result.metrics, beside)]
    if result.confusion is not None and model.classes is not None:
        qualities = _qualities(result.confusion)
        document["confusion"] = {"classes": list(model.classes), "counts": result.confusion.tolist()}
        document["classes"] = {name: quality._asdict() for name, quality in zip(model.classes, qualities, strict=True)}
        views += [verbatim(""), class_table(model.classes, qualities)]
        views += [verbatim(""), Confusion(model.classes, result.confusion.tolist())]
    elif model.classes is None:
        names, quantiles = target_names(model), _residual_quantiles(found.outputs, found.rows.y).tolist()
        document["residuals"] = {
            name: {f"{share:g}": values[index] for share, values in zip(QUANTILES, quantiles, strict=True)}
            for index, name in enumerate(names)
        }
        views += [verbatim(""), residual_table(names, QUANTILES, quantiles)]
    for warning in unfinished_measures(found, {"loss": result.loss, **result.metrics}):
        terminal.warning(warning)
    terminal.result(Stack(views), document)


def _means_of_members(model: Ensemble, rows: Split) -> dict[str, float]:
    """What a single member reaches on average: what the ensemble has won is the difference."""
    found = [{"loss": one.loss, **one.metrics} for one in model.evaluate_members(rows)]
    return {name: float(np.mean([one[name] for one in found])) for name in found[0]}


def unfinished_measures(found: Predictions, values: Mapping[str, float]) -> list[str]:
    """One sentence about measures that are infinite or NaN, and the rows that cause it."""
    wrong = [f"{name} is {value}" for name, value in values.items() if not math.isfinite(value)]
    if not wrong:
        return []
    outputs = found.outputs
    lost = np.flatnonzero(~np.isfinite(outputs).all(axis=1))
    text = ", ".join(wrong)
    if lost.size:
        return [
            f"{text}: the model gives no finite numbers for {lost.size:,} of the rows, the first is row {lost[0] + 1:,}"
        ]
    reach = np.abs(outputs).max(axis=1)
    return [f"{text}: the model's largest output is {reach.max():g}, for row {reach.argmax() + 1:,}"]


def _qualities(confusion: Counts) -> list[ClassQuality]:
    scores = scores_of(confusion)
    columns = (scores.precision.tolist(), scores.recall.tolist(), scores.f1.tolist(), confusion.sum(axis=1).tolist())
    return [ClassQuality(*row) for row in zip(*columns, strict=True)]


def _residual_quantiles(y: npt.NDArray[Any], target: npt.NDArray[Any]) -> npt.NDArray[np.float64]:
    """Quantiles of ``prediction - target``, ``(quantiles, outputs)``, at the shares `QUANTILES`."""
    with np.errstate(invalid="ignore"):  # between infinite numbers there is none
        return np.quantile((y.astype(np.float64) - target).reshape(len(y), -1), QUANTILES, axis=0)


def own_dataset(terminal: Terminal, model: Model, description: DatasetSpec, folder: Path) -> Dataset:
    """The model's own dataset, split as it was for the training, with a warning if it has changed."""
    with download_bar(terminal) as progress:
        description.fetch(folder, progress)
    dataset = description.load(model.config.seed, folder, model.preprocessing)
    model.refuse_other(dataset.row_spec)
    if model.origin is not None and fingerprint(dataset) != model.origin.data:
        terminal.warning(
            "the data has changed since the model learned from it: the rows to measure on may be others than those "
            "that were held back"
        )
    for sentence in dataset.novelties:
        terminal.note(sentence)
    return dataset


def own_rows(
    terminal: Terminal, file: Path, model: Model, description: DatasetSpec, folder: Path, dataset: Dataset | None = None
) -> tuple[str, Predictions]:
    """The predictions for the rows that the model from ``file`` can be measured on, and the name of that part.

    Those are the test rows, else the validation rows, else all. All rows of a cross-validation were trained on, but
    its run has what each fold said of those that it held out. ``dataset`` is the model's own, if it was loaded before.
    """
    dataset = dataset or own_dataset(terminal, model, description, folder)
    split, rows = split_to_evaluate(model.measured_parts(dataset))
    if model.is_cross_validated and split != "test":
        held_out = out_of_fold_beside(file, model)
        if held_out is not None:
            found = held_out_predictions(held_out, model, description, folder)
            if found is not None:
                return HELD_OUT, found
        if isinstance(model, Ensemble):
            terminal.warning(_ALL_SEEN)
    return split, Predictions(model, rows)


def rows_of(terminal: Terminal, model: Model, data: str) -> tuple[str, Predictions]:
    """The predictions for the rows of a file with their targets, and the file's name."""
    with open_for(model, data, as_text=model.row_spec.classes is not None) as source:
        rows = read_split(model, source)
    for sentence in source.novelties.sentences():
        terminal.note(sentence)
    return source.name, Predictions(model, rows)
