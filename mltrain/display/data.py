"""A dataset as people look at it: its parts, classes, columns, first rows, and images."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from mltrain.data import Dataset
from mltrain.data.inspection import FeatureFacts
from mltrain.display.curves import Scale, blocks
from mltrain.display.numbers import number
from mltrain.display.views import ACCENT, FAINT, STRONG, Column, Line, Row, Span, Stack, Table, View, verbatim

_MOST_COLUMNS = 12
_MOST_FEATURES = 60
_MOST_COMMON = 3
_SHADES = " ·░▒▓█"
_WIDEST = 32


def parts_table(parts: Mapping[str, int], input_shape: Sequence[int]) -> Table:
    """How many rows each part has, and what a row is."""
    rows: list[Row] = [(name, Span(f"{count:,} rows", STRONG)) for name, count in parts.items()]
    rows.append(("a row", " x ".join(map(str, input_shape)) + " numbers"))
    return Table([Column("", style=FAINT), Column("")], rows)


def class_table(classes: Sequence[str], counts: Mapping[str, Sequence[int]]) -> Table:
    """Rows of each class in each part, and the class's share of those to train on."""
    columns = [Column("class", wraps=True), *(Column(part, right=True) for part in counts), Column("share", right=True)]
    total = sum(counts["train"])
    rows = [
        (name, *(f"{of[index]:,}" for of in counts.values()), f"{counts['train'][index] / total:.1%}")
        for index, name in enumerate(classes)
    ]
    return Table(columns, rows)


def feature_table(features: Sequence[FeatureFacts]) -> View:
    """Kind, gaps, range, mean and a small histogram, a line a column."""
    columns = [
        Column("column", wraps=True),
        Column("kind", style=FAINT),
        *(Column(name, right=True) for name in ("missing", "least", "mean", "most", "deviation")),
        Column("", style=ACCENT, wraps=True),
    ]
    table = Table(columns, [_feature_row(feature) for feature in features[:_MOST_FEATURES]])
    more = len(features) - _MOST_FEATURES
    return Stack([table, verbatim(f"and {more:,} more")]) if more > 0 else table


def _feature_row(feature: FeatureFacts) -> Row:
    missing = f"{feature.missing:,}" if feature.missing else ""
    if feature.kind == "number":
        numbers = (feature.low, feature.mean, feature.high, feature.deviation)
        counts = [float(count) for count in feature.histogram]
        bars = blocks(counts, Scale([0.0, *counts]))
        return (feature.name, feature.kind, missing, *(number(value) for value in numbers), bars)
    total = sum(count for _, count in feature.common) or 1
    common = ", ".join(f"{name} {count / total:.0%}" for name, count in feature.common[:_MOST_COMMON])
    more = len(feature.common) - _MOST_COMMON
    return (feature.name, feature.kind, missing, "", "", "", "", common + (f" and {more} more" if more > 0 else ""))


def first_rows(dataset: Dataset, names: Sequence[str], count: int) -> Table:
    """The first rows to train on, as the dataset gives them."""
    facts, x, y = dataset.facts, dataset.train.x[:count], dataset.train.y[:count]
    table = dataset.preprocessing.table
    cells = table.decode(x) if table else [[f"{value:g}" for value in row] for row in x]
    inputs = [column.name for column in table.columns] if table else list(names[: x.shape[1]])
    targets = list(table.targets) if table else ["y"]
    more = ["..."] if len(inputs) > _MOST_COLUMNS else []
    columns = [Column(name, right=True, wraps=True) for name in [*inputs[:_MOST_COLUMNS], *more]]
    columns += [Column(name, right=True, wraps=True, style=STRONG) for name in targets]
    rows: list[Row] = []
    for row, target in zip(cells, y, strict=True):
        goal = [facts.classes[int(target)]] if facts.classes else [f"{value:g}" for value in target[: len(targets)]]
        rows.append((*row[:_MOST_COLUMNS], *more, *goal))
    return Table(columns, rows)


@dataclass(frozen=True)
class Picture(View):
    """An image in shades of grey, ``(height, width)`` numbers from 0 to 1, two columns of text for each pixel's one."""

    pixels: npt.NDArray[np.float64]

    def lines(self, width: int | None) -> Iterable[Line]:
        shades = np.clip((self.pixels * len(_SHADES)).astype(int), 0, len(_SHADES) - 1)
        return [[Span("".join(_SHADES[shade] * 2 for shade in row).rstrip())] for row in shades]


def images(dataset: Dataset, count: int) -> View:
    """The first images to train on, each below its class."""
    views: list[View] = []
    classes = dataset.facts.classes
    for index in range(min(count, len(dataset.train.x))):
        image = dataset.train.x[index].astype(np.float64)
        grey = image.mean(axis=2) if image.ndim == 3 else image
        step = -(-max(grey.shape) // _WIDEST)
        label = classes[int(dataset.train.y[index])] if classes else ""
        views += [verbatim(label), Picture(grey[::step, ::step] / max(1.0, float(grey.max())))]
    return Stack(views)
