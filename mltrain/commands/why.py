"""``mltrain why``: which columns a model uses, whether its probabilities can be trusted, and why it says this."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np

from mltrain.commands.evaluate import own_dataset
from mltrain.commands.plot import insight_of, need_matplotlib, read
from mltrain.commands.predict import named_cells, numbers
from mltrain.data.base import Dataset, DatasetSpec, Split
from mltrain.engine.arrays import Floats
from mltrain.engine.class_scores import Counts
from mltrain.engine.layers.base import shape_text
from mltrain.errors import DataError, UsageError
from mltrain.explain.association import THRESHOLD, correlated_pairs
from mltrain.explain.calibration import Calibration, best_temperature, calibration_of
from mltrain.explain.caveats import entangled, outside, says_nothing
from mltrain.explain.columns import ColumnInputs, columns_of
from mltrain.explain.contributions import (
    MOST_BACKGROUND,
    ORDERS,
    Contributions,
    has_slopes,
    integrated_gradients,
    sampled_shapley_values,
    shapley_values,
)
from mltrain.explain.dependence import answers_of, gives_shares, output_names
from mltrain.explain.importance import REPEATS, some_rows
from mltrain.explain.overview import Overview, overview
from mltrain.inference.answers import number_or_text
from mltrain.inference.ensemble import Ensemble
from mltrain.inference.model import Model
from mltrain.inference.scores import Predictions, score
from mltrain.inference.tables import open_for, read_split
from mltrain.inference.temperature import with_temperature
from mltrain.job import split_to_evaluate
from mltrain.names.nearest import did_you_mean, no_column, some
from mltrain.runs.held_out import held_out_predictions, held_out_rows
from mltrain.runs.overwriting import refuse_unmarked
from mltrain.runs.run import find_model, read_model
from mltrain.runs.saved_run import HELD_OUT, out_of_fold_beside
from mltrain.views.insight.images import takes_images
from mltrain.views.terminal.number_format import number, plural
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import STRONG, Lines, Paragraph, Span, Stack, View, verbatim
from mltrain.views.terminal.why import BarRow, Bars, amount_text, answer_text, reliability_table

if TYPE_CHECKING:
    from mltrain.views.pictures.dependence import DependencePicture
    from mltrain.views.pictures.importance import ImportancePicture
    from mltrain.views.plotting.style import Drawable

_MOST_SHOWN = 5
"""Rows of a file that are explained on the terminal; --json has all."""

_MOST_EXPLAINED = 10_000
_FEWEST_ROWS = 2

_TOO_FAR = 0.01
"""The share of all contributions, whatever their sign, that may be missing in their sum without a warning."""

_NOTEWORTHY = 0.001
"""The growth of the calibration error from which on a warning says so."""


@dataclass(frozen=True)
class Asked:
    """The options of the command."""

    x: Sequence[str] = ()
    rows: str | None = None
    data: str | None = None
    columns: Sequence[str] = ()
    together: bool = False
    repeats: int = REPEATS
    exact: bool = False
    of: str | None = None
    calibrate: bool = False
    out: Path | None = None


class _Known(NamedTuple):
    """The model, what it says of the rows that explain it, called ``name``, and the rows ``seen`` that it learned from.

    ``seen`` are the same rows where those that it learned from cannot be had. ``dataset`` is None then. Rows that folds
    held out are ``found`` by the networks that did so.
    """

    file: Path
    model: Model
    name: str
    found: Predictions
    seen: Split
    dataset: Dataset | None
    description: DatasetSpec
    folder: Path

    @property
    def rows(self) -> Split:
        return self.found.rows

    @property
    def seen_as(self) -> str:
        return "the training rows" if self.dataset is not None else f"the rows of {self.name}"


def run(terminal: Terminal, path: Path | None, asked: Asked) -> None:
    """Explain the model, or its predictions for the rows asked about."""
    if asked.out is not None:
        need_matplotlib("why --out")
    file = find_model(path)
    model, description, folder = read_model(file)
    columns = columns_of(model)
    _refuse(file, model, columns, asked)
    if path is None:
        terminal.note(f"model {file}")
    known = _known(terminal, file, model, columns, description, folder, asked)
    if asked.calibrate:
        _calibrate(terminal, known, asked)
    elif asked.x or asked.rows is not None:
        _explain_rows(terminal, known, columns, asked)
    else:
        _explain_model(terminal, known, columns, asked)


def _refuse(file: Path, model: Model, columns: Sequence[ColumnInputs], asked: Asked) -> None:
    """Raises `UsageError` for what such a model has no answer to."""
    names = [column.name for column in columns]
    about_columns = [
        option
        for option, given in (
            ("--x", asked.x),
            ("--column", asked.columns),
            ("--together", asked.together),
            ("--exact", asked.exact),
        )
        if given
    ]
    if not columns and about_columns and takes_images(model):
        raise UsageError(
            f"{about_columns[0]}: {file} takes images, which have no columns; mltrain why --input IMAGE shows what it "
            "looks at in one, and mltrain plot does so for its surest mistakes"
        )
    if not columns and (about_columns or asked.rows is not None) and not takes_images(model):
        raise UsageError(
            f"{(about_columns or ['--input'])[0]}: {file} takes {shape_text(model.row_spec.input_shape)} a row, which "
            "are no columns; mltrain plot draws what can be shown of it"
        )
    for name in asked.columns:
        if name not in names:
            what = "is what the model predicts" if name in _targets(model) else no_column(name, names)
            raise UsageError(f"--column {name}: {what}")
    if asked.of is not None and asked.of not in output_names(model):
        what = "class" if model.classes is not None else "target"
        meant = did_you_mean(asked.of, output_names(model), f"; the model has {some(output_names(model))}")
        raise UsageError(f"--of {asked.of}: there is no such {what}{meant}")
    if len(model.network.output_shape) > 1 and (asked.x or (asked.rows is not None and columns)):
        raise UsageError(f"{file} predicts several positions of a row; only single predictions are explained")


def _targets(model: Model) -> Sequence[str]:
    table = model.preprocessing.table
    return table.targets if table is not None else ()


def _known(
    terminal: Terminal,
    file: Path,
    model: Model,
    columns: Sequence[ColumnInputs],
    description: DatasetSpec,
    folder: Path,
    asked: Asked,
) -> _Known:
    """The rows to explain by. Raises `DataError` if there are none."""
    dataset, why = None, ""
    try:
        dataset = own_dataset(terminal, model, description, folder)
    except DataError as error:
        why = str(error)
        if asked.data is None:
            raise DataError(f"{why}; --data FILE explains by the rows of a file, with their targets") from None
    if asked.data is None:
        assert dataset is not None
        parts = model.measured_parts(dataset)
        split, rows = split_to_evaluate(parts)
        if split != "test" and (held_out := out_of_fold_beside(file, model)) is not None:
            of_folds = held_out_rows if columns else held_out_predictions  # without columns, no row is changed
            if (found := of_folds(held_out, model, description, folder)) is not None:
                return _Known(file, model, HELD_OUT, found, parts.train, dataset, description, folder)
        return _Known(file, model, split, Predictions(model, rows), parts.train, dataset, description, folder)
    with open_for(model, asked.data, as_text=model.row_spec.classes is not None) as source:
        rows = read_split(model, source)
    for sentence in source.novelties.sentences():
        terminal.note(sentence)
    if dataset is None:
        terminal.note(
            f"the rows that the model learned from cannot be had, so means and ranges are those of {source.name}"
        )
    seen = model.measured_parts(dataset).train if dataset is not None else rows
    return _Known(file, model, source.name, Predictions(model, rows), seen, dataset, description, folder)


# Of the model


def _explain_model(terminal: Terminal, known: _Known, columns: Sequence[ColumnInputs], asked: Asked) -> None:
    model, rows = known.found.model, known.rows
    document: dict[str, Any] = {"model": str(known.file), "split": known.name, "samples": len(rows.y)}
    views: list[View] = []
    warnings: list[str] = []
    if known.name == HELD_OUT:
        terminal.note("each row is predicted by the network of the fold that held it out")
    elif isinstance(model, Ensemble) and model.is_of_folds and known.name != "test" and asked.data is None:
        terminal.note("each of these rows was trained on by most of the folds, and what they know by heart counts, too")
    elif known.name == "train":
        terminal.note(
            "no rows were held back: these are the rows that it was trained on, and what it knows by heart counts, too"
        )
    found: Overview | None = None
    calibration: Calibration | None = None
    calibrated = known.name
    if columns and len(rows.x) < _FEWEST_ROWS:
        raise UsageError(
            f"{known.name}: {plural(len(rows.x), 'row')}; it takes {_FEWEST_ROWS} rows to shuffle a column among them"
        )
    if columns:
        found = overview(model, rows, known.seen, together=asked.together, named=asked.columns, repeats=asked.repeats)
        warnings += found.warnings
        for group in found.importances.columns:
            if len(group.columns) > 1:
                terminal.note(f"shuffled as one: {', '.join(group.columns)}")
        views += _overview_views(known, found)
        document |= _overview_document(found)
    elif takes_images(model):
        terminal.note(
            "images have no columns: mltrain why --input IMAGE shows what the network looks at in one, and mltrain "
            "plot does so for its surest mistakes"
        )
    if model.classes is not None and model.gives_probabilities:
        calibrated, answers = _answers(known, asked)
        calibration = calibration_of(answers)
        views += [*([verbatim("")] if views else []), *_calibration_views(known, calibration, calibrated)]
        document["calibration"] = {"split": calibrated, **_calibration_document(model, calibration)}
    if not views:
        raise UsageError(f"{known.file}: takes no columns and gives no probabilities; mltrain plot draws what it has")
    if not columns and (sentence := says_nothing(known.found, known.seen)) is not None:
        warnings.append(sentence)
    for warning in warnings:
        terminal.warning(warning)
    document["warnings"] = warnings
    if asked.out is not None:
        document["pictures"] = _draw_overview(found, calibration, known, calibrated, asked.out)
    terminal.result(_with_files(views, document), document)


def _with_files(views: Sequence[View], document: Mapping[str, Any]) -> View:
    """The views, and below them the files that were drawn."""
    files = document.get("pictures", ())
    return Stack([*views, *([verbatim(""), verbatim("\n".join(files))] if files else [])])


def _overview_views(known: _Known, found: Overview) -> list[View]:
    importances = found.importances
    reached = ", ".join(f"{name} {number(value)}" for name, value in importances.measures.items())
    heading = [
        Span("importance", STRONG),
        Span(
            f"  what shuffling a column changes on {plural(importances.rows, 'row')} ({known.name}), mean ± standard "
            f"deviation of {importances.repeats} times; as they are: {reached}"
        ),
    ]
    pictures = _pictures(known, found)
    return [Paragraph(heading, hanging=2), *(view for one in pictures for view in (*one.terminal(), verbatim("")))][:-1]


def _pictures(known: _Known, found: Overview) -> "tuple[ImportancePicture, DependencePicture]":
    from mltrain.views.pictures.dependence import DependencePicture
    from mltrain.views.pictures.importance import ImportancePicture

    importance = ImportancePicture(found.importances, known.name, tuple(found.warnings))
    return importance, DependencePicture(found.dependences)


def _overview_document(found: Overview) -> dict[str, Any]:
    importances = found.importances
    return {
        "samples": importances.rows,
        "repeats": importances.repeats,
        "measures": importances.measures,
        "importance": [
            {
                "columns": list(one.columns),
                **{
                    name: {"mean": one.mean(name), "deviation": one.spread(name), "changes": values.tolist()}
                    for name, values in one.changes.items()
                },
            }
            for one in importances.columns
        ],
        "correlated": {"threshold": THRESHOLD, "pairs": [pair._asdict() for pair in found.pairs]},
        "dependence": [
            {
                "column": one.column,
                "values": one.cells,
                "outputs": list(one.outputs),
                "mean": one.mean.tolist(),
                "individual": one.individual.tolist(),
            }
            for one in found.dependences
        ],
    }


def _answers(known: _Known, asked: Asked) -> tuple[str, Predictions]:
    """The answers that calibration is judged by, and the name of their rows.

    Of rows that the model was trained on, what the folds of that training said of them tells more.
    """
    if known.name == "train" and asked.data is None:
        held_out = out_of_fold_beside(known.file, known.model)
        found = held_out and held_out_predictions(held_out, known.model, known.description, known.folder)
        if found is not None:
            return HELD_OUT, found
    return known.name, known.found


def _calibration_views(known: _Known, found: Calibration, part: str) -> list[View]:
    rows = f" on {plural(int(found.counts.sum()), 'row')} ({part})" if part != known.name else ""
    heading = [
        Span("calibration", STRONG),
        Span(f"  how often it is right, by how sure it is{rows}; expected error {found.error:.2%}"),
    ]
    if known.model.temperature != 1:
        heading.append(Span(f", at temperature {known.model.temperature:.3f}"))
    counts: Counts = found.counts[found.counts > 0]
    return [
        Paragraph(heading, hanging=2),
        reliability_table(found.confidence.tolist(), found.right.tolist(), counts.tolist()),
    ]


def _calibration_document(model: Model, found: Calibration) -> dict[str, Any]:
    return {
        "temperature": model.temperature,
        "expected_error": found.error,
        "edges": found.edges.tolist(),
        "counts": found.counts.tolist(),
        "confidence": found.confidence.tolist(),
        "right": found.right.tolist(),
    }


# Of a prediction


def _explain_rows(terminal: Terminal, known: _Known, columns: Sequence[ColumnInputs], asked: Asked) -> None:
    x, cells, names = _rows_asked(terminal, known, columns, asked)
    model, seen = known.model, known.seen
    of_all = (says_nothing(known.found, seen), entangled(correlated_pairs(seen.x, columns)))
    warnings = [sentence for sentence in of_all if sentence is not None]
    background = some_rows(seen, MOST_BACKGROUND, model.config.seed).x
    mean = seen.x.mean(axis=0, dtype=np.float64).astype(np.float32)
    answers = answers_of(model, x)
    method, explain, start = _method(known, background, mean, asked)
    explained: list[list[Contributions]] = []
    for row, answer in zip(x, answers, strict=True):
        if asked.of is not None:
            outputs = [output_names(model).index(asked.of)]
        elif model.classes is not None:
            outputs = [int(answer.argmax())]
        else:
            outputs = list(range(len(answer)))
        explained.append([explain(model, row, columns=columns, output=output) for output in outputs])
    for name, row in zip(names, x, strict=True):
        about = f"{name}: " if len(names) > 1 else ""
        warnings += [about + sentence for sentence in outside(columns, row, seen.x)]
    missing = [one for found in explained for one in found if abs(one.gap) > _TOO_FAR * float(np.abs(one.values).sum())]
    if missing:
        worst = max(missing, key=lambda one: abs(one.gap))
        warnings.append(
            f"the contributions to {worst.output} lack {number(abs(worst.gap), 2)} of the prediction: the network is "
            "too steep for this way; --exact is not affected"
        )
    for warning in warnings[:_MOST_SHOWN]:
        terminal.warning(warning)
    if len(warnings) > _MOST_SHOWN:
        terminal.warning(f"and {len(warnings) - _MOST_SHOWN:,} more of this kind; --json has all")
    views: list[View] = []
    for name, held, found in list(zip(names, cells, explained, strict=True))[:_MOST_SHOWN]:
        for one in found:
            views += [*([verbatim("")] if views else []), *_contribution_views(name, held, one, method, start, model)]
    if len(x) > _MOST_SHOWN:
        terminal.note(f"{_MOST_SHOWN} of {len(x):,} rows are shown; --json has all")
    document: dict[str, Any] = {
        "model": str(known.file),
        "method": method,
        "baseline": start,
        "explanations": [
            {
                "x": dict(zip((column.name for column in columns), map(number_or_text, held), strict=True)),
                "outputs": [
                    {
                        "output": one.output,
                        "base": one.base,
                        "prediction": one.prediction,
                        "contributions": dict(zip(one.columns, one.values.tolist(), strict=True)),
                        "sum": one.base + float(one.values.sum()),
                        "gap": one.gap,
                    }
                    for one in found
                ],
            }
            for held, found in zip(cells, explained, strict=True)
        ],
        "warnings": warnings,
    }
    if asked.out is not None:
        document["pictures"] = _draw_contributions(explained[0], cells[0], start, model, asked.out)
    terminal.result(_with_files(views, document), document)


def _method(
    known: _Known, background: Floats, mean: Floats, asked: Asked
) -> tuple[str, Callable[..., Contributions], str]:
    """How predictions are explained: its name, the function, and what the prediction is that it begins with."""
    from_rows = f"the mean prediction for {len(background):,} of {known.seen_as}"
    if asked.exact:
        return "exact Shapley values", partial(shapley_values, background=background), from_rows
    if has_slopes(known.model):
        start = f"the prediction for the mean of {known.seen_as}"
        return "integrated gradients", partial(integrated_gradients, baseline=mean), start
    # A step is flat, and between the numbers of two names there is nothing.
    return f"Shapley values of {ORDERS} orders", partial(sampled_shapley_values, background=background), from_rows


def _rows_asked(
    terminal: Terminal, known: _Known, columns: Sequence[ColumnInputs], asked: Asked
) -> tuple[Floats, list[list[str]], list[str]]:
    """The rows to explain: as the dataset gives them, the cells of their columns, and what each is called."""
    model, table = known.model, known.model.preprocessing.table
    names = [column.name for column in columns]
    if asked.rows is not None:
        with open_for(model, asked.rows) as source:
            if table is None:
                raise UsageError(f"--input {asked.rows}: {known.file} learned from no table; explain rows with --x")
            source.use(names)
            blocks = [table.encode(source, block) for block in source.blocks()]
        x = np.concatenate(blocks) if blocks else np.empty((0, len(table.features)), np.float32)
        if not len(x):
            raise DataError(f"{source.name}: there are no rows in it")
        if len(x) > _MOST_EXPLAINED:
            raise UsageError(
                f"--input {asked.rows}: {len(x):,} rows; up to {_MOST_EXPLAINED:,} are explained at a time"
            )
        notes, called = source.novelties.sentences(), [f"row {place:,}" for place in range(1, len(x) + 1)]
        given = _as_texts(columns, x)
    elif table is not None:
        for text in asked.x:
            for target in table.targets:
                if target not in names and text.replace(" ", "").find(f"{target}=") in _starts(text):
                    raise UsageError(f"--x {text}: {target} is what the model predicts; leave it out")
        from mltrain.data.tables.frames import Frame  # only for tables

        held = [named_cells(text, names) for text in asked.x]
        frame = Frame("x", {name: [row[name] for row in held] for name in names})
        x = np.concatenate([table.encode(frame, block) for block in frame.blocks()])
        notes, called = frame.novelties.sentences(), list(asked.x)
        given = [[row[name] for name in names] for row in held]
    else:
        x = np.stack([numbers(text, model.row_spec.input_shape) for text in asked.x])
        notes, called = [], list(asked.x)
        given = _as_texts(columns, x)
    for note in notes:
        terminal.note(note)
    return x, given, called


def _as_texts(columns: Sequence[ColumnInputs], x: Floats) -> list[list[str]]:
    """The cells of each row, as people write them."""
    return [list(row) for row in zip(*(column.texts(x) for column in columns), strict=True)]


def _starts(text: str) -> set[int]:
    """Where a name may begin in a row, without its blanks: at the start, and behind each comma."""
    compact = text.replace(" ", "")
    return {0, *(place + 1 for place, letter in enumerate(compact) if letter == ",")}


def _contribution_views(
    name: str, cells: Sequence[str], one: Contributions, method: str, start: str, model: Model
) -> list[View]:
    shares = gives_shares(model)
    order = np.argsort(-np.abs(one.values), kind="stable")
    said = answer_text(one.prediction, shares)
    what = f"{one.output} {said}" if model.classes is None else f"{said} for {one.output}" if shares else one.output
    bars = [
        BarRow(
            one.columns[place],
            float(one.values[place]),
            [amount_text(float(one.values[place]), shares), cells[place] or "(missing)"],
        )
        for place in order
    ]
    total = float(one.values.sum())
    check = (
        f"{answer_text(one.base, shares)} ({start}) {amount_text(total, shares)} (the sum) = "
        f"{answer_text(one.base + total, shares)}; the prediction is {said}, {number(abs(one.gap), 2)} away"
    )
    return [
        Paragraph([Span(what, STRONG), Span(f"  {name}: what each column adds, by {method}")], hanging=2),
        Bars(["column", "adds", "value"], bars),
        Paragraph([Span("check  "), Span(check)], hanging=2),
    ]


# Calibration


class _Error(NamedTuple):
    """The expected calibration error and the loss of some rows, without and with the new temperature."""

    part: str
    samples: int
    before: float
    after: float
    loss_before: float
    loss_after: float


def _calibrate(terminal: Terminal, known: _Known, asked: Asked) -> None:
    """Fit the temperature, and save it with the model."""
    model, dataset = known.model, known.dataset
    with_temperature(model, 1.0)  # refuses models that cannot have one
    name, found = _rows_to_calibrate(known, asked)
    temperature = best_temperature(found.model, found.rows)
    measured = [(name, found)]
    if asked.data is None and dataset is not None and dataset.test is not None:
        measured.append(("test", Predictions(model, dataset.test)))
    errors = []
    for part, own in measured:
        both = [Predictions(one, own.rows) for one in (own.model, with_temperature(own.model, temperature))]
        calibrations, losses = [calibration_of(one).error for one in both], [score(one, ()).loss for one in both]
        errors.append(_Error(part, len(own), *calibrations, *losses))
    with_temperature(model, temperature).save(known.file)
    lines = [
        f"temperature {temperature:.3f}, from {plural(len(found), 'row')} ({name}); before it was "
        f"{model.temperature:.3f}"
    ]
    lines += [
        f"expected calibration error {one.before:.2%} before, {one.after:.2%} now, loss {number(one.loss_before)} "
        f"before, {number(one.loss_after)} now, on {plural(one.samples, 'row')} ({one.part})"
        for one in errors
    ]
    lines.append(f"saved {known.file}")
    if len(errors) == 1:
        terminal.note(
            "the error is measured on the rows that the temperature was learned from; new rows have a larger one"
        )
    if errors[-1].after > errors[-1].before + _NOTEWORTHY:
        terminal.warning(
            f"the expected error ({errors[-1].part}) has grown: the model was calibrated well before, or "
            f"{plural(errors[-1].samples, 'row')} are too few to tell; fit again, or --calibrate on more rows"
        )
    terminal.result(
        Lines([[Span(line)] for line in lines]),
        {
            "model": str(known.file),
            "temperature": temperature,
            "temperature_before": model.temperature,
            "expected_error": {
                one.part: {"before": one.before, "after": one.after, "samples": one.samples} for one in errors
            },
            "loss": {one.part: {"before": one.loss_before, "after": one.loss_after} for one in errors},
        },
    )


def _rows_to_calibrate(known: _Known, asked: Asked) -> tuple[str, Predictions]:
    """The rows to learn a temperature from, called by the name of their part, and the model of them.

    Raises `UsageError` if the run has none.
    """
    if asked.data is not None:
        return known.name, known.found
    assert known.dataset is not None
    validation = known.model.measured_parts(known.dataset).validation
    if validation is not None:
        return "validation", Predictions(known.model, validation)
    held_out = out_of_fold_beside(known.file, known.model)
    found = None if held_out is None else held_out_rows(held_out, known.model, known.description, known.folder)
    if found is None:
        lacks, without = "this run has none", ""
        if known.model.refit:
            lacks, without = "this model learned from them, too", ", and without early_stopping.refit and folds"
        raise UsageError(
            f"--calibrate learns the temperature from validation rows, and {lacks}; name a file of rows that the model "
            f"has not seen with --data, or train with validation_split or --folds{without}. Test rows are not used, "
            "since they measure the result"
        )
    return HELD_OUT, found


# Images and pictures


def run_image(terminal: Terminal, path: Path | None, image: str, out: Path | None) -> None:
    """Show what the network looks at in one image: occlusion and the gradient of the class that it says."""
    from mltrain.views.pictures.attributions import AttributionPicture

    record = read(terminal, path)
    model = record.model
    insight = insight_of(record, image)
    if not AttributionPicture.suits(model):
        raise UsageError(f"--input {image}: {record.file} gives no class of an image, so there is none to explain")
    picture = AttributionPicture.of(insight)
    (found,) = picture.attributions
    document: dict[str, Any] = {
        "model": str(record.file),
        "image": image,
        "said": found.said,
        "occlusion": found.occlusion.tolist(),
        "gradient": found.saliency.tolist(),
    }
    if out is not None:
        need_matplotlib("why --out")
        document["pictures"] = _draw([picture], out)
    terminal.result(_with_files([*picture.terminal(), Paragraph([Span(picture.caption)])], document), document)


def _draw_overview(
    found: Overview | None, calibration: Calibration | None, known: _Known, calibrated: str, out: Path
) -> list[str]:
    from mltrain.views.pictures.calibration import CalibrationPicture

    pictures: list[Drawable] = [] if found is None else list(_pictures(known, found))
    if calibration is not None:
        pictures.append(CalibrationPicture(calibration, calibrated))
    return _draw(pictures, out)


def _draw_contributions(
    found: Sequence[Contributions], cells: Sequence[str], start: str, model: Model, out: Path
) -> list[str]:
    """A picture for each output of the first row."""
    from mltrain.views.plotting.columns import contributions_size, draw_contributions
    from mltrain.views.plotting.style import Drawing

    shares, held = gives_shares(model), [cell or "(missing)" for cell in cells]
    return _draw(
        [
            Drawing(
                "contributions" if len(found) == 1 else f"contributions_{place}",
                "What each column adds to the prediction",
                f"From {answer_text(one.base, shares)}, {start}, to {answer_text(one.prediction, shares)}, the "
                f"prediction of {one.output}. Blue raises it, orange lowers it.",
                partial(draw_contributions, found=one, cells=held, are_shares=shares),
                contributions_size(one),
            )
            for place, one in enumerate(found, 1)
        ],
        out,
    )


def _draw(pictures: "Sequence[Drawable]", out: Path) -> list[str]:
    """Save pictures, and name their files. Raises `UsageError` for files that mltrain did not draw."""
    from mltrain.views.plotting.picture_files import save
    from mltrain.views.plotting.style import LIGHT

    for picture in pictures:
        refuse_unmarked(out / f"{picture.name}.png")
    return [str(save(picture, LIGHT, out, "png")) for picture in pictures]
