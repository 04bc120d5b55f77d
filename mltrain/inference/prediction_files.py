"""Predictions on their way into a file: CSV or JSON Lines, a line a row, a block at a time."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from mltrain.data.tables.cells import as_texts
from mltrain.data.tables.source import Source
from mltrain.inference.model import Model
from mltrain.inference.tables import predict_blocks, target_names


def written_predictions(
    model: Model, source: Source, *, json_lines: bool, probabilities: bool, keep: bool
) -> Iterator[str]:
    """The text of the output, block by block: ``predicted_<target>`` for each row of the source.

    ``keep`` puts the source's own columns before it, ``probabilities`` a column ``probability_<class>`` for each class
    behind it. Raises `DataError`.
    """
    own = list(source.columns) if keep else []
    names = [f"predicted_{name}" for name in target_names(model)]
    if probabilities:
        names += [f"probability_{name}" for name in model.classes or ()]
    first = True
    for block, y in predict_blocks(model, source):
        kept: list[Sequence[Any]] = [as_texts(cells) for cells in block.columns] if keep else []
        rows = zip(*kept, *_columns(model, y, probabilities), strict=True)
        if json_lines:
            yield "".join(
                json.dumps(dict(zip(own + names, row, strict=True)), ensure_ascii=False) + "\n" for row in rows
            )
            continue
        text = io.StringIO()
        writer = csv.writer(text, lineterminator="\n")
        if first:
            writer.writerow(own + names)
        writer.writerows(rows)
        yield text.getvalue()
        first = False


def _columns(model: Model, y: "np.ndarray[Any, np.dtype[np.float32]]", probabilities: bool) -> list[list[Any]]:
    """The predictions of a block, column by column; numbers with the digits that a 32-bit float has."""
    columns: list[list[Any]] = [model.labels(y)] if model.classes is not None else [_rounded(column) for column in y.T]
    if probabilities:
        columns += [_rounded(column) for column in model.probabilities(y).T]
    return columns


def _rounded(column: "np.ndarray[Any, np.dtype[np.float32]]") -> list[float]:
    return [float(str(number)) for number in column]
