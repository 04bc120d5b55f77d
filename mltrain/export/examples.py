"""Rows with the answers of the model, which exported files carry to test themselves; and the ranges of the inputs.

The rows are some that were held back from training, where the data can be read, and otherwise made up from the scaling
that the model has learned.
"""

import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.encoding import ChoiceEncoding, DateEncoding, Encoding, NumberEncoding, TextEncoding
from mltrain.engine.arrays import size
from mltrain.engine.operations import Embedding
from mltrain.errors import MltrainError
from mltrain.inference.given import given_rows
from mltrain.inference.steps import inference_steps

if TYPE_CHECKING:
    from mltrain.backends.base import Evaluation
    from mltrain.data.base import Dataset, DatasetSpec, Split
    from mltrain.inference.model import Model

MOST_ROWS, FEW_ROWS, LARGE_ROW = 8, 4, 256
"""Rows of a self-test, and as many where a row has more than so many numbers."""

Cell = float | str | None


class Examples(NamedTuple):
    """Rows and answers. ``cells`` are the rows by column, where the model learned from a table; else None.

    A cell is a float in a column of numbers, None for a gap, else a text. ``x`` ``(rows, *input_shape)`` is what the
    steps read, bytes or float32. ``y`` are the outputs of `Model.predict`, ``labels`` the names of the classes where
    there are classes. ``made_up`` says whether the rows are no rows of the dataset.
    """

    cells: Sequence[Mapping[str, Cell]] | None
    x: npt.NDArray[Any]
    y: npt.NDArray[np.float32]
    labels: Sequence[Any] | None
    made_up: bool


class Range(NamedTuple):
    """Between which numbers an input feature lies, and its mean, in the units of the dataset."""

    lowest: float
    highest: float
    typical: float


def rows_of(model: "Model", description: "DatasetSpec", folder: Path) -> "tuple[Dataset | None, str]":
    """The rows to measure the model on; None, and the reason, where they cannot be read without a download."""
    try:
        if description.download_notice(folder) is not None:
            return None, "the rows would have to be downloaded"
        dataset = description.load(model.config.seed, folder, model.preprocessing)
        model.refuse_other(dataset.row_spec)
    except MltrainError as error:
        return None, str(error).partition("\n")[0]
    return model.measured_parts(dataset), ""


def examples_of(model: "Model", dataset: "Dataset | None", count: int | None = None) -> Examples:
    """Some rows with their answers, by default a few; the same for the same model and dataset."""
    table = model.preprocessing.table
    if count is None:
        count = MOST_ROWS if size(model.row_spec.input_shape) <= LARGE_ROW or table is not None else FEW_ROWS
    cells: list[dict[str, Cell]] | None = None
    if dataset is not None:
        x = _chosen(dataset, count)
    elif table is None:
        x = _made_up_rows(model, count)
    if table is not None:
        cells = [_made_up_cells(table.encodings(), model, number) for number in range(count)]
        if dataset is not None:
            encodings = {column.column: column for column in table.encodings()}
            names = [column.name for column in table.columns]
            cells = [
                {name: _cell(text, encodings[name]) for name, text in zip(names, row, strict=True)}
                for row in table.decode(x)
            ]
        given = {name: [row[name] for row in cells] for name in cells[0]}
        x = given_rows(given, model.row_spec, table)
    y = model.predict(x)
    labels = model.labels(y) if model.classes is not None else None
    return Examples(cells, x, y, labels, dataset is None)


class HeldBack(NamedTuple):
    """How well a model does on rows that training did not see: the name of their part, how many they are."""

    part: str
    rows: int
    evaluation: "Evaluation"


def held_back_evaluation(model: "Model", dataset: "Dataset | None") -> HeldBack | None:
    """The loss and metrics on the test rows, or else the validation rows; None where there are none."""
    if dataset is not None:
        for part, rows in (("test", dataset.test), ("validation", dataset.validation)):
            if rows is not None and len(rows.x):
                return HeldBack(part, len(rows.x), model.evaluate(rows))
    return None


def ranges_of(model: "Model", dataset: "Dataset | None") -> list[Range]:
    """The range of each feature of a row of one axis: over the rows to train on, or twice the standard deviation."""
    if len(model.row_spec.input_shape) != 1:
        return []
    width, table = model.row_spec.input_shape[0], model.preprocessing.table
    origins = np.zeros(width) if table is None else table.origins
    if dataset is not None and len(dataset.train.x):
        x = dataset.train.x
        lows, highs, means = (
            x.min(axis=0) + origins,
            x.max(axis=0) + origins,
            x.mean(axis=0, dtype=np.float64) + origins,
        )
        return [Range(*map(float, numbers)) for numbers in zip(lows, highs, means, strict=True)]
    scaling = model.preprocessing.inputs
    middle = np.broadcast_to(np.array(scaling.shift, np.float64), width) + origins
    spread = 2 / np.broadcast_to(np.array(scaling.scale, np.float64), width)
    return [Range(float(m - s), float(m + s), float(m)) for m, s in zip(middle, spread, strict=True)]


def _chosen(dataset: "Dataset", count: int) -> npt.NDArray[Any]:
    """Rows that training did not see, if there are any: of classes, one after another of each."""
    rows: Split = dataset.test or dataset.validation or dataset.train
    if rows.y.ndim > 1 or dataset.row_spec.classes is None:
        picked = np.linspace(0, len(rows.x) - 1, min(count, len(rows.x))).astype(np.intp)
        return rows.x[picked]
    place = np.zeros(len(rows.y), np.intp)  # which row of its class each is
    for number in np.unique(rows.y):
        of_class = np.flatnonzero(rows.y == number)
        place[of_class] = np.arange(len(of_class))
    order = np.lexsort((rows.y, place))[:count]
    return rows.x[order]


def _cell(text: str, column: Encoding) -> Cell:
    match column:
        case NumberEncoding():
            return float(text) if text != "nan" else None
        case TextEncoding():
            return _sentence(text.split()) or None
    return text or None


def _sentence(words: Iterable[str]) -> str:
    """A text of some words of a column. The word #3 stands for all numbers of three digits."""
    return " ".join("123456789"[: int(word[1])] if re.fullmatch("#[1-9]", word) else word for word in words)


def _made_up_rows(model: "Model", count: int) -> npt.NDArray[Any]:
    rng, shape = np.random.default_rng(0), model.row_spec.input_shape
    scaling = model.preprocessing.inputs
    if scaling.scale == 1 / 255:
        return rng.integers(0, 256, (count, *shape)).astype(np.uint8)
    x = scaling.undone(rng.normal(size=(count, *shape)).astype(np.float32))
    # An embedding takes whole numbers below the length of its table.
    tables = [step.operation.table for step in inference_steps(model).steps if isinstance(step.operation, Embedding)]
    if tables:
        return rng.integers(0, min(map(len, tables)), (count, *shape)).astype(np.float32)
    return x


def _made_up_cells(columns: Sequence[Encoding], model: "Model", number: int) -> dict[str, Cell]:
    """A row of a table that may well have been one: each column goes through its values in steps of its own."""
    scaling = model.preprocessing.inputs
    width = sum(len(column.inputs) for column in columns)
    shifts, scales = (np.broadcast_to(np.array(one, np.float64), width) for one in (scaling.shift, scaling.scale))
    cells: dict[str, Cell] = {}
    start = 0
    for place, column in enumerate(columns):
        step = number * (place + 1)
        deviation = (step % 5 - 2) / 2 / scales[start]
        match column:
            case NumberEncoding():
                cells[column.column] = float(f"{shifts[start] + column.origin + deviation:.6g}")
            case ChoiceEncoding():
                cells[column.column] = column.choices[step % len(column.choices)] if column.choices else None
            case DateEncoding():
                day = np.datetime64("1970-01-01") + np.timedelta64(column.first + 41 * step, "D")
                cells[column.column] = f"{day} {step % 24:02d}:30" if "hour" in column.parts else str(day)
            case TextEncoding():
                cells[column.column] = _sentence(column.words[(step + one) % len(column.words)] for one in range(3))
            case _:
                raise NotImplementedError(f"{column.name} has no example")
        start += len(column.inputs)
    return cells
