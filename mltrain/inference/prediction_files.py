"""Writes predictions as CSV, JSON Lines, or one JSON document, block by block."""

import csv
import io
import json
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, NamedTuple

import numpy as np

from mltrain.data.tables.cells import as_texts
from mltrain.data.tables.source import Block, Source, as_cell
from mltrain.engine.arrays import Floats
from mltrain.errors import DataError
from mltrain.inference.answers import answers, number_or_text
from mltrain.inference.model import Model
from mltrain.inference.tables import Predicted, predict_blocks, target_names


class Written(NamedTuple):
    """A block of output text, and its number of rows."""

    text: str
    rows: int


def written_predictions(
    model: Model, source: Source, *, json_lines: bool, probabilities: bool, keep: bool
) -> Iterator[Written]:
    """The text of the output, block by block: ``predicted_<target>`` for each row of the source.

    ``keep`` puts the source's columns before it; ``probabilities`` adds a column ``probability_<class>`` for each class
    after it. Raises `DataError`, also if a kept column has the name of one of these.
    """
    own = list(source.columns) if keep else []
    names = prediction_names(model, probabilities=probabilities)
    for name in names:
        if name in own:
            raise DataError(
                f"{source.name}: has a column '{name}', as the predictions will be called; rename it, or leave out "
                "--keep"
            )
    if not json_lines:
        yield Written(csv_text([own + names]), 0)

    def written(one: Predicted) -> Written:
        predicted = prediction_columns(
            model, one.y, probabilities=probabilities, written=float if json_lines else _decimal
        )
        if not json_lines:
            columns = [*(_texts(source, one.block) if keep else []), *predicted]
            return Written(_csv_of(columns), len(one.y))
        kept = _objects(source, one.block) if keep else [{}] * len(one.y)
        rows = [dict(zip(names, row, strict=True)) for row in zip(*predicted, strict=True)]
        texts = (json_text({**before, **row}) for before, row in zip(kept, rows, strict=True))
        return Written("".join(f"{text}\n" for text in texts), len(one.y))

    yield from map(written, predict_blocks(model, source))


def written_answers(model: Model, source: Source, *, name: str, keep: bool) -> Iterator[Written]:
    """The text of one JSON document on one line: ``model``, called ``name``, and ``predictions``, an object each.

    The objects are those of `answers`; ``keep`` adds ``input``, the row itself. Raises `DataError`.
    """
    yield Written(f'{{"model": {json_text(name)}, "predictions": [', 0)
    between = ""
    for block, y in predict_blocks(model, source):
        table = model.preprocessing.table
        names = source.columns if table is None else [column.name for column in table.in_order]
        cells = [as_texts(block.columns[source.position(column, "which the model needs")]) for column in names]
        given = [list(map(number_or_text, row)) for row in zip(*cells, strict=True)]
        objects = answers(model, given, y)
        if keep:
            objects = [{**one, "input": row} for one, row in zip(objects, _objects(source, block), strict=True)]
        yield Written(between + ", ".join(map(json_text, objects)), len(y))
        between = ", "
    yield Written("]}\n", 0)


def _objects(source: Source, block: Block) -> list[dict[str, Any]]:
    """The rows of a block as JSON objects, with types if the file has types."""
    if block.rows is not None:
        return list(map(dict, block.rows))
    columns = map(as_texts, block.columns)
    return [dict(zip(source.columns, row, strict=True)) for row in zip(*columns, strict=True)]


def _texts(source: Source, block: Block) -> Sequence[Sequence[str]]:
    """The cells of a block, column by column. Raises `DataError` if a row has more cells than there are columns."""
    if block.rows is None:
        return list(map(as_texts, block.columns))
    for index, row in enumerate(block.rows):
        if more := [key for key in row if key not in source.columns]:
            raise DataError(
                f"{source.name}:{block.lines[index]}: row {block.first + index:,} has '{more[0]}', which the first "
                "rows have not; write JSON Lines (--output ...jsonl) to keep it"
            )
    return [[as_cell(row.get(name)) for row in block.rows] for name in source.columns]


def csv_text(rows: Iterable[Sequence[Any]]) -> str:
    """Rows of cells as lines of CSV."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue()


def _csv_of(columns: Sequence[Sequence[str]]) -> str:
    """The same of columns of texts; one that needs no quotes takes a tenth of the time."""
    if len(columns) == 1 and all(columns[0]):
        text = "\n".join(columns[0])
        if not any(character in text for character in ',"\r') and text.count("\n") == len(columns[0]) - 1:
            return f"{text}\n"
    return csv_text(zip(*columns, strict=True))


def json_text(value: Any) -> str:
    """The value as a line of valid UTF-8; NaN and infinity as null."""
    try:
        text = json.dumps(value, ensure_ascii=False, allow_nan=False)
        text.encode()
    except UnicodeEncodeError:  # a lone surrogate, which JSON permits
        return json.dumps(value)
    except ValueError:
        return json_text(_finite(value))
    return text


def _finite(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _finite(one) for key, one in value.items()}
    if isinstance(value, list):
        return [_finite(one) for one in value]
    return None if isinstance(value, float) and not np.isfinite(value) else value


def prediction_names(model: Model, *, probabilities: bool) -> list[str]:
    """The names of the columns of predictions."""
    targets = target_names(model)
    names = [f"predicted_{name}" for name in targets]
    if probabilities:
        names += [
            f"probability_{name}" if len(targets) == 1 else f"probability_{target}_{name}"
            for target in targets
            for name in model.classes or ()
        ]
    return names


def prediction_columns(
    model: Model, y: Floats, *, probabilities: bool, written: Callable[[str], Any] = float
) -> list[list[Any]]:
    """The predictions of a block, column by column; numbers are ``written`` as in `number_columns`."""
    columns: list[list[Any]]
    if model.classes is not None:
        labels = model.labels(y)
        columns = [labels] if y.ndim == 2 else np.array(labels, np.object_).reshape(len(y), -1).T.tolist()
    else:
        columns = number_columns(y, written)
    if probabilities:
        columns += number_columns(model.probabilities(y), written)
    return columns


def number_columns(y: Floats, written: Callable[[str], Any] = float) -> list[list[Any]]:
    """The numbers of a block ``(rows, ...)``, column by column: what ``written`` makes of a 32-bit float's digits."""
    return [[written(text) for text in map(str, column)] for column in y.reshape(len(y), -1).T]


def _decimal(text: str) -> str:
    """A number from NumPy as Python writes it: they differ only in numbers that are very large or very small."""
    return repr(float(text)) if "e" in text else text
