"""``mltrain evaluate``: how good a model is on rows that it did not learn from."""

from pathlib import Path
from typing import Any

from mltrain.data.base import DatasetSpec, Split
from mltrain.data.fingerprint import fingerprint
from mltrain.inference.model import Model
from mltrain.inference.tables import open_for, read_split, target_names
from mltrain.job import split_to_evaluate
from mltrain.runs.run import find_model, read_model
from mltrain.training.quality import QUANTILES, class_qualities, residual_quantiles
from mltrain.views.terminal.download import download_bar
from mltrain.views.terminal.tables import Confusion, class_table, evaluation, residual_table
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import Stack, View, verbatim


def run(terminal: Terminal, path: Path | None, data: str | None = None) -> None:
    """Measure the model on its test rows, or what comes closest to them, or on the rows of the file ``data``."""
    file = find_model(path)
    model, dataset, folder = read_model(file)
    split, rows = _own_rows(terminal, model, dataset, folder) if data is None else _rows_of(terminal, model, data)
    result = model.evaluate(rows)
    if path is None:
        terminal.note(f"model {file}")
    document: dict[str, Any] = {
        "model": str(file),
        "split": split,
        "samples": len(rows.x),
        "loss": result.loss,
        "metrics": result.metrics,
    }
    views: list[View] = [evaluation(split, len(rows.x), result.loss, result.metrics)]
    if result.confusion is not None and model.classes is not None:
        qualities = class_qualities(result.confusion)
        document["confusion"] = {"classes": list(model.classes), "counts": result.confusion.tolist()}
        document["classes"] = {name: quality._asdict() for name, quality in zip(model.classes, qualities, strict=True)}
        views += [verbatim(""), class_table(model.classes, qualities)]
        views += [verbatim(""), Confusion(model.classes, result.confusion.tolist())]
    elif model.classes is None:
        names, quantiles = target_names(model), residual_quantiles(model.predict(rows.x), rows.y).tolist()
        document["residuals"] = {
            name: {f"{share:g}": values[index] for share, values in zip(QUANTILES, quantiles, strict=True)}
            for index, name in enumerate(names)
        }
        views += [verbatim(""), residual_table(names, QUANTILES, quantiles)]
    terminal.result(Stack(views), document)


def _own_rows(terminal: Terminal, model: Model, description: DatasetSpec, folder: Path) -> tuple[str, Split]:
    """The rows that the model's own dataset held back, and what they are called."""
    with download_bar(terminal) as progress:
        description.fetch(folder, progress)
    dataset = description.load(model.config.seed, folder, model.preprocessing)
    if model.origin is not None and fingerprint(dataset) != model.origin.data:
        terminal.warning(
            "the data has changed since the model learned from it: the rows to measure on may be others than those "
            "that were held back"
        )
    return split_to_evaluate(dataset)


def _rows_of(terminal: Terminal, model: Model, data: str) -> tuple[str, Split]:
    with open_for(model, data, as_text=model.row_spec.classes is not None) as source:
        rows = read_split(model, source)
    for sentence in source.novelties.sentences():
        terminal.note(sentence)
    return source.name, rows
