"""``mltrain data``: the contents of a config's dataset, without training."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from mltrain.config.load import LocatedConfig, read_config
from mltrain.data.base import ColumnLeftOut, Dataset
from mltrain.data.columns import kind_of
from mltrain.data.inspection import FeatureFacts, class_counts, describe_features, find_oddities
from mltrain.data.tables.format import TableFormat
from mltrain.views.terminal.data_views import (
    ColumnRow,
    KindRow,
    class_table,
    feature_table,
    first_rows,
    kind_table,
    parts_table,
    pictures,
)
from mltrain.views.terminal.download import download_bar
from mltrain.views.terminal.terminal import Terminal
from mltrain.views.terminal.views import Stack, View, verbatim

_FIRST = 5
"""Rows that are shown."""

_WIDEST_IMAGE = 32
"""The longest side in pixels; larger images are subsampled (every second, third, ... pixel)."""


def run(terminal: Terminal, config: Path, changes: Sequence[str]) -> None:
    """Show columns, classes, parts and first rows; warn of suspicious data."""
    source = read_config(config, changes)
    dataset = _loaded(terminal, source)
    row_spec, parts = dataset.row_spec, dataset.by_name
    features = describe_features(dataset) if len(row_spec.input_shape) == 1 else []
    views: list[View] = [parts_table({name: len(rows.x) for name, rows in parts.items()}, row_spec.input_shape)]
    counts = {name: class_counts(rows, row_spec.classes) for name, rows in parts.items()} if row_spec.classes else {}
    if row_spec.classes:
        views += [verbatim(""), class_table(row_spec.classes, counts)]
    if features:
        views += [verbatim(""), feature_table([_row(feature) for feature in features]), verbatim("")]
        if (table := dataset.preprocessing.table) is not None:
            views += [kind_table(kind_rows(table, dataset.left_out)), verbatim("")]
        views.append(_first_rows(dataset, [feature.name for feature in features]))
    elif len(row_spec.input_shape) in (2, 3):
        views += [verbatim(""), pictures(_images(dataset))]
    for left_out in dataset.notes:
        terminal.note(left_out)
    oddities = find_oddities(dataset, features)
    for oddity in oddities:
        terminal.warning(oddity)
    terminal.result(Stack(views), _document(dataset, features, counts, oddities))


def _loaded(terminal: Terminal, source: LocatedConfig) -> Dataset:
    description = source.config.dataset
    with download_bar(terminal) as progress:
        description.fetch(source.folder, progress)
    return source.data.dataset


def _row(feature: FeatureFacts) -> ColumnRow:
    numbers = (feature.low, feature.mean, feature.high, feature.deviation) if feature.kind == "number" else ()
    return ColumnRow(feature.name, feature.kind, feature.missing, numbers, feature.histogram, feature.common)


def kind_rows(table: TableFormat, left_out: Sequence[ColumnLeftOut] = ()) -> list[KindRow]:
    """The kind of each column of a table with the reason; columns that are no inputs are last."""
    rows = [KindRow(column.name, kind_of(column), len(column.features), column.reason) for column in table.in_order]
    return rows + [KindRow(one.name, one.kind, 0, f"left out: {one.reason}") for one in left_out]


def _first_rows(dataset: Dataset, names: Sequence[str]) -> View:
    """The first training rows; for a table, its original cells."""
    row_spec, table = dataset.row_spec, dataset.preprocessing.table
    x, y = dataset.train.x[:_FIRST], dataset.train.y[:_FIRST]
    cells = table.decode(x) if table else [[f"{value:g}" for value in row] for row in x]
    inputs = [column.name for column in table.columns] if table else list(names[: x.shape[1]])
    if row_spec.classes:
        goals, targets = [[row_spec.classes[label]] for label in y], list(table.targets) if table else ["y"]
    else:
        goals, targets = [[f"{value:g}" for value in row] for row in y], list(names[len(inputs) :])
    return first_rows(inputs, targets, list(zip(cells, goals, strict=True)))


def _images(dataset: Dataset) -> list[tuple[str, list[list[float]]]]:
    """The first training images as greys from 0 to 1, small enough for a terminal, with their classes."""
    classes, found = dataset.row_spec.classes, []
    for image, target in zip(dataset.train.x[:_FIRST], dataset.train.y[:_FIRST], strict=True):
        grey = image.astype(np.float64)
        grey = grey.mean(axis=2) if grey.ndim == 3 else grey
        step = -(-max(grey.shape) // _WIDEST_IMAGE)
        label = classes[target] if classes else ""
        found.append((label, (grey[::step, ::step] / max(1.0, grey.max())).tolist()))
    return found


def _document(
    dataset: Dataset, features: Sequence[FeatureFacts], counts: dict[str, list[int]], oddities: Sequence[str]
) -> dict[str, Any]:
    return {
        "rows": {name: len(rows.x) for name, rows in dataset.by_name.items()},
        "input_shape": list(dataset.row_spec.input_shape),
        "classes": list(dataset.row_spec.classes) if dataset.row_spec.classes else None,
        "class_counts": counts,
        "columns": [feature._asdict() for feature in features],
        "left_out": {one.name: one.reason for one in dataset.left_out},
        "notes": list(dataset.notes),
        "warnings": list(oddities),
    }
