"""``mltrain data``: what a config's dataset holds, before anything is trained on it."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from mltrain.config.load import Source, read_config
from mltrain.data import Dataset, Split
from mltrain.data.inspection import FeatureFacts, class_counts, describe_features, find_oddities
from mltrain.display.data import class_table, feature_table, first_rows, images, parts_table
from mltrain.display.download import download_bar
from mltrain.display.terminal import Terminal
from mltrain.display.views import Stack, View, verbatim

_FIRST = 5
"""Rows that are shown."""


def run(terminal: Terminal, config: Path, changes: Sequence[str]) -> None:
    """Show columns, classes, parts and first rows; warn of what looks wrong."""
    source = read_config(config, changes)
    dataset = _loaded(terminal, source)
    facts, parts = dataset.facts, _parts(dataset)
    features = describe_features(dataset) if len(facts.input_shape) == 1 else []
    views: list[View] = [parts_table({name: len(rows.x) for name, rows in parts.items()}, facts.input_shape)]
    counts = {name: class_counts(rows, facts.classes) for name, rows in parts.items()} if facts.classes else {}
    if facts.classes:
        views += [verbatim(""), class_table(facts.classes, counts)]
    if features:
        views += [verbatim(""), feature_table(features)]
        views += [verbatim(""), first_rows(dataset, [feature.name for feature in features], _FIRST)]
    elif len(facts.input_shape) in (2, 3):
        views += [verbatim(""), images(dataset, _FIRST)]
    oddities = find_oddities(dataset, features)
    for oddity in oddities:
        terminal.warning(oddity)
    terminal.result(Stack(views), _document(dataset, features, counts, oddities))


def _loaded(terminal: Terminal, source: Source) -> Dataset:
    description = source.config.dataset
    with download_bar(terminal) as progress:
        description.fetch(source.folder, progress)
    return description.load(source.config.seed, source.folder)


def _parts(dataset: Dataset) -> dict[str, Split]:
    parts = {"train": dataset.train, "validation": dataset.validation, "test": dataset.test}
    return {name: rows for name, rows in parts.items() if rows is not None}


def _document(
    dataset: Dataset, features: Sequence[FeatureFacts], counts: dict[str, list[int]], oddities: Sequence[str]
) -> dict[str, Any]:
    return {
        "rows": {name: len(rows.x) for name, rows in _parts(dataset).items()},
        "input_shape": list(dataset.facts.input_shape),
        "classes": list(dataset.facts.classes) if dataset.facts.classes else None,
        "class_counts": counts,
        "columns": [feature._asdict() for feature in features],
        "warnings": list(oddities),
    }
