"""``mltrain evaluate``: how good a model is on rows that it did not learn from."""

from pathlib import Path

from mltrain.display.download import download_bar
from mltrain.display.tables import Confusion, evaluation
from mltrain.display.terminal import Terminal
from mltrain.display.views import Stack, View, verbatim
from mltrain.preparation import split_to_evaluate
from mltrain.storage.model import Model
from mltrain.storage.runs import dataset_of, find_model


def run(terminal: Terminal, path: Path | None) -> None:
    """Measure the model on its test rows, or what comes closest to them."""
    file = find_model(path)
    model = Model.load(file)
    description, folder = dataset_of(file, model)
    with download_bar(terminal) as progress:
        description.fetch(folder, progress)
    split, rows = split_to_evaluate(description.load(model.config.seed, folder))
    result = model.evaluate(rows)
    if path is None:
        terminal.note(f"model {file}")
    document = {
        "model": str(file),
        "split": split,
        "samples": len(rows.x),
        "loss": result.loss,
        "metrics": result.metrics,
    }
    views: list[View] = [evaluation(split, len(rows.x), result.loss, result.metrics)]
    if result.confusion is not None and model.classes is not None:
        document["confusion"] = {"classes": list(model.classes), "counts": result.confusion.tolist()}
        views += [verbatim(""), Confusion(model.classes, result.confusion.tolist())]
    terminal.result(Stack(views), document)
