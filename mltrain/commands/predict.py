"""``mltrain predict``: what a model makes of new inputs."""

import math
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mltrain.data.tables.notation import as_number
from mltrain.engine.layers.base import shape_text
from mltrain.errors import UsageError
from mltrain.inference.model import Model
from mltrain.names.nearest import no_column
from mltrain.runs.run import find_model
from mltrain.views.terminal.tables import Prediction, predictions
from mltrain.views.terminal.terminal import Terminal

_LARGEST = float(np.finfo(np.float32).max)


def run(terminal: Terminal, path: Path | None, rows: Sequence[str]) -> None:
    """Predict each of ``rows``, written as in ``1,2,3``."""
    file = find_model(path)
    model = Model.load(file)
    given, y = _by_column(model, rows) if model.preprocessing.table else _by_number(model, rows)
    show(terminal, file, model, given, y, newest=path is None)


def show(
    terminal: Terminal, file: Path, model: Model, given: "Given", y: npt.NDArray[np.float32], *, newest: bool
) -> None:
    """Say what the model, read from ``file``, makes of the inputs ``given``; ``newest`` says that nobody chose it."""
    labels = model.labels(y) if model.classes is not None else None
    found = [
        Prediction(
            x=row,
            y=[float(number) for number in outputs],
            label=labels[index] if labels else None,
            probabilities=_probabilities(model, outputs),
        )
        for index, (row, outputs) in enumerate(zip(given, y, strict=True))
    ]
    if newest:
        terminal.note(f"model {file}")
    document = {"model": str(file), "predictions": [_document(one) for one in found]}
    terminal.result(predictions(found), document)


Given = list[list[float | str]]
"""What was typed, a row at a time."""


def _by_number(model: Model, rows: Sequence[str]) -> tuple[Given, npt.NDArray[np.float32]]:
    x = np.stack([numbers(text, model.row_spec.input_shape) for text in rows])
    return [[float(number) for number in row.flat] for row in x], model.predict(x)


def _by_column(model: Model, rows: Sequence[str]) -> tuple[Given, npt.NDArray[np.float32]]:
    """For a model that learned from a table: the cells of its columns in order, or as ``name=value``."""
    assert model.preprocessing.table is not None
    names = [column.name for column in model.preprocessing.table.columns]
    cells = [named_cells(text, names) for text in rows]
    given: Given = [[_number_or_text(row[name]) for name in names] for row in cells]
    return given, model.predict(cells)


def named_cells(text: str, names: Sequence[str]) -> dict[str, str]:
    """The cell of each column; a column that is not named has an empty one. Raises `UsageError`."""
    words = [word.strip() for word in text.split(",")]
    if not all("=" in word for word in words):
        if len(words) != len(names):
            raise UsageError(
                f"--x {_short(text)}: the model takes {', '.join(names)}, but here are {len(words)} values; "
                f"name them if you like: --x {names[0]}=..."
            )
        return dict(zip(names, words, strict=True))
    cells = dict.fromkeys(names, "")
    for word in words:
        name, _, value = word.partition("=")
        if name.strip() not in cells:
            raise UsageError(f"--x {_short(text)}: {no_column(name.strip(), names)}")
        cells[name.strip()] = value.strip()
    return cells


def _number_or_text(cell: str) -> float | str:
    number = as_number(cell)
    return cell if number is None else number


def numbers(text: str, shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """One row of input from its text. Raises `UsageError` if it does not hold as many numbers as ``shape``."""
    words = text.split(",")
    values = []
    for word in words:
        try:
            value = float(word)
        except ValueError:
            advice = "write them as in --x 1,2.5,-3"
            raise UsageError(f"--x {_short(text)}: '{_short(word.strip())}' is not a number; {advice}") from None
        if not abs(value) <= _LARGEST:
            raise UsageError(f"--x {_short(text)}: '{_short(word.strip())}' is not a finite number")
        values.append(value)
    wanted = math.prod(shape)
    if len(values) != wanted:
        is_shaped = f" ({shape_text(shape)})" if len(shape) > 1 else ""
        noun = "number" if wanted == 1 else "numbers"
        raise UsageError(
            f"--x {_short(text)}: the model takes {wanted} {noun} a row{is_shaped}, but here are {len(values)}"
        )
    return np.array(values, np.float32).reshape(shape)


def _short(text: str) -> str:
    return text if len(text) <= 40 else f"{text[:40]}..."


def _probabilities(model: Model, outputs: npt.NDArray[np.float32]) -> dict[str, float] | None:
    """The probability of each class by its name, if the model gives any."""
    if model.classes is None or not model.gives_probabilities:
        return None
    return dict(zip(model.classes, map(float, model.probabilities(outputs[None])[0]), strict=True))


def _document(prediction: Prediction) -> dict[str, object]:
    optional = {"label": prediction.label, "probabilities": prediction.probabilities}
    given = {name: value for name, value in optional.items() if value is not None}
    return {"x": list(prediction.x), "y": list(prediction.y), **given}
