"""``mltrain compare``: whether two models differ on the same rows."""

from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from mltrain.commands.evaluate import check_confidence, own_dataset, own_rows, rows_of
from mltrain.config.dump import to_plain
from mltrain.data.base import Dataset
from mltrain.data.tables.text_file import STDIN
from mltrain.engine.metrics.accuracy import Accuracy
from mltrain.engine.metrics.base import Metric, larger_is_better
from mltrain.engine.metrics.root_mean_squared_error import RootMeanSquaredError
from mltrain.errors import DataError, UsageError
from mltrain.inference.bootstrap import Disagreement, Interval, interval, mcnemar, resampled, resamples_for, too_narrow
from mltrain.inference.model import Model
from mltrain.inference.scores import Predictions, score
from mltrain.inference.tables import target_names
from mltrain.runs.run import find_model, read_model
from mltrain.runs.saved_run import HELD_OUT, out_of_fold_beside
from mltrain.training.targets import target_scaling
from mltrain.views.terminal.number_format import number, plural
from mltrain.views.terminal.tables import Compared, comparison
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import Prose, Span, Stack, verbatim

_MOST_NAMED = 5

_SAME_SCALE = 1e-4
"""The relative difference up to which scalings of the target count as the same: folds of the same rows round it."""


class Sides(NamedTuple):
    """What two models say of the same rows, and what the models are called."""

    names: tuple[str, str]
    predictions: tuple[Predictions, Predictions]


class Measured(NamedTuple):
    """A measure of both models; ``interval`` is that of the difference, the second less the first."""

    name: str
    values: tuple[float, float]
    interval: Interval

    @property
    def difference(self) -> float:
        return self.values[1] - self.values[0]


def run(terminal: Terminal, first: Path, second: Path, data: str | None, confidence: float) -> None:
    """Compare two models on the rows of the file ``data``, or on those that both held back."""
    check_confidence(confidence)
    if data == STDIN:
        raise UsageError("--data -: compare reads the rows once for each model; name a file")
    files = find_model(first), find_model(second)
    names = str(first), str(second)
    (one, dataset, folder), (other, dataset_of_other, folder_of_other) = (read_model(file) for file in files)
    _refuse_other_question(names, one, other)
    if data is not None:
        (split, found), (_, of_other) = (rows_of(terminal, model, data) for model in (one, other))
        if not np.array_equal(found.rows.y, of_other.rows.y):
            raise DataError(f"{data}: the models read different targets from it, so they cannot be compared on it")
    else:
        mine = own_dataset(terminal, one, dataset, folder)
        others = own_dataset(terminal, other, dataset_of_other, folder_of_other)
        split, found = own_rows(terminal, files[0], one, dataset, folder, mine)
        split_of_other, of_other = own_rows(terminal, files[1], other, dataset_of_other, folder_of_other, others)
        same = _same_held_out(files, one, other) if split == HELD_OUT else _same_parts((one, mine), (other, others))
        if split != split_of_other or split == "train" or not same:
            raise UsageError(
                f"{names[0]} and {names[1]} have not held back the same rows, or none; name rows that neither has "
                "learned from with --data FILE"
            )
    sides = Sides(names, (found, of_other))
    for sentence in dict.fromkeys(sentence for model in (one, other) for sentence in too_narrow(model, len(found))):
        terminal.warning(sentence)
    measures = _measures(sides, confidence)
    disagreement = mcnemar(found.is_right, of_other.is_right) if one.classes is not None else None
    better, sentence = _verdict(sides, measures[0], disagreement, confidence)
    document = {
        "models": [str(file) for file in files],
        "split": split,
        "samples": len(found),
        "confidence": confidence,
        "resamples": resamples_for(len(found)),
        "measures": {
            one.name: {"values": list(one.values), "difference": one.difference, "interval": list(one.interval)}
            for one in measures
        },
        **({"mcnemar": disagreement._asdict()} if disagreement else {}),
        "better": None if better is None else str(files[better]),
        "sentence": sentence,
    }
    shown = [Compared(one.name, *one.values, one.difference, *one.interval) for one in measures]
    table = comparison(f"{plural(len(found), 'row')} ({split})", names, shown, f"{100 * confidence:g}% interval")
    terminal.result(Stack([Prose([Span(sentence)]), verbatim(""), table]), document)


_OF_COLUMNS = (
    *("features", "ignore", "columns", "categories", "unknown"),
    *("standardize", "min_max", "standardize_target", "scale"),
)
"""Options of datasets that say how rows are read, not which rows there are."""

_OF_PARTS = ("validation_split", "test_split", "split_seed", "split", "group")
"""Options of datasets that say how rows are split, not which rows there are."""

Own = tuple[Model, Dataset]
"""A model with its own dataset."""


def _same_parts(*both: Own) -> bool:
    """Whether two models learned from the same rows and held back the same, however they read them."""
    said, said_of_other = (_which_rows(model) for model, _ in both)
    targets, targets_of_other = (
        [(name, part.y.tobytes()) for name, part in dataset.by_name.items()] for _, dataset in both
    )
    return said == said_of_other and targets == targets_of_other


def _same_held_out(files: tuple[Path, Path], *models: Model) -> bool:
    """Whether the folds of two cross-validations held out the same rows of the same data, in whatever folds."""
    held, held_by_other = (out_of_fold_beside(file, model) for file, model in zip(files, models, strict=True))
    if held is None or held_by_other is None:
        return False
    said, said_of_other = (
        {name: value for name, value in _which_rows(model).items() if name not in _OF_PARTS} for model in models
    )
    same = all(np.array_equal(getattr(held, name), getattr(held_by_other, name)) for name in ("row_numbers", "true"))
    return same and said == said_of_other


def _which_rows(model: Model) -> dict[str, Any]:
    """What a model's config says of which rows there are, and of how they are split."""
    dataset = model.config.dataset
    options = {name: value for name, value in to_plain(dataset, defaults=True).items() if name not in _OF_COLUMNS}
    seed = model.config.seed if dataset.split_seed is None else dataset.split_seed
    return {**options, "split_seed": seed}


def _refuse_other_question(names: tuple[str, str], one: Model, other: Model) -> None:
    """Raises `DataError` if the models predict different things."""
    answers = []
    for model in (one, other):
        what = ", ".join(target_names(model)[:_MOST_NAMED])
        if model.classes is not None:
            classes = ", ".join(model.classes[:_MOST_NAMED]) + (", ..." if len(model.classes) > _MOST_NAMED else "")
            what += f" (one of {classes})"
        answers.append(what)
    same = target_names(one) == target_names(other) and one.classes == other.classes
    if not same:
        raise DataError(
            f"{names[0]} predicts {answers[0]}, and {names[1]} predicts {answers[1]}: only models of the same target, "
            "and of the same classes, can be compared"
        )


def _measures(sides: Sides, confidence: float) -> list[Measured]:
    """What both are compared by: the measure that decides, then their other metrics, and the loss if it is one."""
    one, other = (found.model for found in sides.predictions)
    metrics: list[Metric] = []
    fallback: Metric = Accuracy() if one.classes is not None else RootMeanSquaredError()
    decides = [Accuracy()] if one.classes is not None else []
    for metric in (*decides, *one.config.metrics, *other.config.metrics, fallback):
        if metric.type_name() not in {found.type_name() for found in metrics}:
            metrics.append(metric)
    drawn = resampled(sides.predictions, metrics)
    scores = [score(found, metrics) for found in sides.predictions]
    values = [{**found.metrics, "loss": found.loss} for found in scores]
    names = [metric.type_name() for metric in metrics] + (["loss"] if _same_loss(one, other) else [])
    return [
        Measured(name, (values[0][name], values[1][name]), interval(drawn[1][name] - drawn[0][name], confidence))
        for name in names
    ]


def _same_loss(one: Model, other: Model) -> bool:
    """Whether the losses of both are numbers of the same kind: also by the scaling of their targets."""
    mine, others = (target_scaling(model.config.loss, model.preprocessing) for model in (one, other))
    same = all(
        np.allclose(getattr(mine, name), getattr(others, name), rtol=_SAME_SCALE, atol=0) for name in ("shift", "scale")
    )
    return one.config.loss == other.config.loss and same


def _verdict(
    sides: Sides, measure: Measured, disagreement: Disagreement | None, confidence: float
) -> tuple[int | None, str]:
    """Which of the two is better, if the rows show it, and that in a sentence."""
    names, difference = sides.names, measure.difference
    if disagreement is not None:
        alone = disagreement.only_first, disagreement.only_second
        if not sum(alone):
            return None, f"{names[0]} and {names[1]} are right on the same rows, so nothing tells them apart here."
        better = int(alone[1] > alone[0])
        both = sum(alone)
        counts = (
            "of the only row that one of the two has right"
            if both == 1
            else f"of the {both:,} rows that only one of the two has right"
        )
        p = f"(p = {number(disagreement.p, 2)})"
        if disagreement.p < 1 - confidence:
            which = f"it has {alone[better]:,}, and chance alone would hardly do that"
            return better, f"{names[better]} is better: {counts}, {which} {p}."
        which = f"{names[better]} has {alone[better]:,}, and chance alone may well do that"
        return None, f"These rows do not show that one is better: {counts}, {which} {p}."
    if not difference:
        return None, f"{names[0]} and {names[1]} have the same {measure.name}, so nothing tells them apart here."
    better = int((difference > 0) == larger_is_better(measure.name))
    winner, loser = names[better], names[1 - better]
    low, high = sorted(abs(bound) for bound in measure.interval)
    name = measure.name.replace("_", " ")
    more = "higher" if larger_is_better(measure.name) else "lower"
    if measure.interval.low > 0 or measure.interval.high < 0:
        return better, (
            f"{winner} is better: its {name} is {more} by {number(abs(difference), 3)}, and on other rows of this "
            f"kind it would probably be so by {number(low, 3)} to {number(high, 3)}."
        )
    return None, (
        f"These rows do not show that one is better: the {name} of {winner} is {more} by "
        f"{number(abs(difference), 3)}, but on other rows of this kind it could as well be {loser} that is better."
    )
