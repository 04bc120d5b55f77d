"""``mltrain predict``: predictions for new inputs."""

import math
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mltrain.engine.layers.base import shape_text
from mltrain.errors import UsageError
from mltrain.inference.answers import Given, answers, number_or_text
from mltrain.inference.model import Model
from mltrain.names.nearest import no_column
from mltrain.runs.run import find_model
from mltrain.views.terminal.tables import Prediction, predictions
from mltrain.views.terminal.terminal import Terminal

_QUOTED = r'\s*"(?:[^"]|"")*"\s*'
_NAME = re.compile(rf"({_QUOTED}|(?!\s*\")[^,=]*)=")
_VALUE = re.compile(rf"({_QUOTED}|(?!\s*\")[^,]*)(?=,|$)")

_LARGEST = float(np.finfo(np.float32).max)


def run(terminal: Terminal, path: Path | None, rows: Sequence[str]) -> None:
    """Predict each of ``rows``, written as in ``1,2,3``."""
    file = find_model(path)
    model = Model.load(file)
    notes: list[str] = []
    given, y = _by_column(model, rows, notes) if model.preprocessing.table else _by_number(model, rows)
    show(terminal, file, model, given, y, newest=path is None)
    for note in notes:
        terminal.note(note)


def show(
    terminal: Terminal, file: Path, model: Model, given: Given, y: npt.NDArray[np.float32], *, newest: bool
) -> None:
    """Predict the inputs ``given`` with the model from ``file``; ``newest``: the latest run, unnamed."""
    found = answers(model, given, y)
    if newest:
        terminal.note(f"model {file}")
    shown = [
        Prediction(row, one["y"], one.get("label"), one.get("probabilities"))
        for row, one in zip(given, found, strict=True)
    ]
    terminal.result(predictions(shown), {"model": str(file), "predictions": found})


def _by_number(model: Model, rows: Sequence[str]) -> tuple[Given, npt.NDArray[np.float32]]:
    x = np.stack([numbers(text, model.row_spec.input_shape) for text in rows])
    return [[float(number) for number in row.flat] for row in x], model.predict(x)


def _by_column(model: Model, rows: Sequence[str], notes: list[str]) -> tuple[Given, npt.NDArray[np.float32]]:
    """The cells of a row for a model of a table: values in the order of its columns, or as ``name=value``.

    ``notes`` receives a sentence about each kind of cell that the training rows did not have.
    """
    table = model.preprocessing.table
    assert table is not None
    names = [column.name for column in table.in_order]
    cells = [named_cells(text, names) for text in rows]
    given = [[number_or_text(row[name]) for name in names] for row in cells]
    from mltrain.data.tables.frames import Frame  # only for tables

    source = Frame("x", {name: [row[name] for row in cells] for name in names})
    x = np.concatenate([table.encode(source, block) for block in source.blocks()])
    notes += source.novelties.sentences()
    return given, model.predict(x)


def named_cells(text: str, names: Sequence[str]) -> dict[str, str]:
    """The cell of each column; the cell of a column that is not named is empty. Raises `UsageError`."""
    words = _words(text)
    if not all(name is not None for name, _ in words):
        # Unless all values are named, an equals sign is part of the value.
        words = _words(text, named=False)
        if len(words) != len(names):
            raise UsageError(
                f"--x {_short(text)}: the model takes {', '.join(names)}, but here are {len(words)} values; "
                f"name them if you like: --x {names[0]}=..."
            )
        return dict(zip(names, (value for _, value in words), strict=True))
    cells = dict.fromkeys(names, "")
    for name, value in words:
        if name not in cells:
            raise UsageError(f"--x {_short(text)}: {no_column(str(name), names)}")
        cells[name] = value
    return cells


def _words(text: str, *, named: bool = True) -> list[tuple[str | None, str]]:
    """The values of a row, and their names where they have some; either may be in quotes, as in CSV."""
    found: list[tuple[str | None, str]] = []
    place = 0
    while place <= len(text):
        name = _NAME.match(text, place) if named else None
        value = _VALUE.match(text, name.end() if name else place)
        if value is None:
            raise UsageError(f"--x {_short(text)}: a quote is opened and never closed, or something follows one")
        found.append((_unquoted(name[1]) if name else None, _unquoted(value[1])))
        place = value.end() + 1
    return found


def _unquoted(word: str) -> str:
    word = word.strip()
    return word[1:-1].replace('""', '"') if len(word) > 1 and word[0] == word[-1] == '"' else word


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
