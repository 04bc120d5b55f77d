"""Tables of a dataset: its parts, classes, columns, first rows, and images."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from mltrain.views.terminal.loss_curve import Scale, blocks
from mltrain.views.terminal.number_format import number
from mltrain.views.terminal.views import ACCENT, FAINT, STRONG, Column, Line, Row, Span, Stack, Table, View, verbatim

_MOST_COLUMNS = 12
_MOST_FEATURES = 60
_MOST_COMMON = 3
_SHADES = " ·░▒▓█"


class ColumnRow(NamedTuple):
    """A column of numbers with its least, mean, most and deviation, and a histogram; or one of names with counts."""

    name: str
    kind: str
    missing: int
    numbers: Sequence[float] = ()
    histogram: Sequence[int] = ()
    common: Sequence[tuple[str, int]] = ()


def parts_table(parts: Mapping[str, int], input_shape: Sequence[int]) -> Table:
    """The number of rows of each part, and the shape of a row."""
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


def feature_table(features: Sequence[ColumnRow]) -> View:
    """Kind, missing values, range, mean and a small histogram, one line per column."""
    columns = [
        Column("column", wraps=True),
        Column("kind", style=FAINT),
        *(Column(name, right=True) for name in ("missing", "least", "mean", "most", "deviation")),
        Column("", style=ACCENT, wraps=True),
    ]
    table = Table(columns, [_feature_row(feature) for feature in features[:_MOST_FEATURES]])
    more = len(features) - _MOST_FEATURES
    return Stack([table, verbatim(f"and {more:,} more")]) if more > 0 else table


def _feature_row(feature: ColumnRow) -> Row:
    missing = f"{feature.missing:,}" if feature.missing else ""
    if feature.numbers:
        counts = [float(count) for count in feature.histogram]
        bars = blocks(counts, Scale([0.0, *counts]))
        return (feature.name, feature.kind, missing, *(number(value) for value in feature.numbers), bars)
    total = sum(count for _, count in feature.common) or 1
    common = ", ".join(f"{name} {count / total:.0%}" for name, count in feature.common[:_MOST_COMMON])
    more = len(feature.common) - _MOST_COMMON
    return (feature.name, feature.kind, missing, "", "", "", "", common + (f" and {more} more" if more > 0 else ""))


class KindRow(NamedTuple):
    """A column, the kind that it is of, how many inputs it makes, and why it is of this kind."""

    name: str
    kind: str
    inputs: int
    reason: str


def kind_table(rows: Sequence[KindRow]) -> View:
    """The kind of each column of a table, and the reason."""
    columns = [
        Column("column", wraps=True),
        Column("kind", style=FAINT),
        Column("inputs", right=True),
        Column("because", wraps=True),
    ]
    table = Table(
        columns,
        [(row.name, row.kind, f"{row.inputs:,}" if row.inputs else "-", row.reason) for row in rows[:_MOST_FEATURES]],
    )
    more = len(rows) - _MOST_FEATURES
    return Stack([table, verbatim(f"and {more:,} more")]) if more > 0 else table


def first_rows(
    inputs: Sequence[str], targets: Sequence[str], rows: Sequence[tuple[Sequence[str], Sequence[str]]]
) -> Table:
    """Some rows of the dataset: the cells of the inputs, the last ones omitted if there are many, and targets."""
    more = ["..."] if len(inputs) > _MOST_COLUMNS else []
    columns = [Column(name, right=True, wraps=True) for name in [*inputs[:_MOST_COLUMNS], *more]]
    columns += [Column(name, right=True, wraps=True, style=STRONG) for name in targets]
    return Table(columns, [(*cells[:_MOST_COLUMNS], *more, *goal) for cells, goal in rows])


@dataclass(frozen=True)
class Picture(View):
    """An image in shades of grey, rows of numbers from 0 to 1; a pixel is two columns of text wide, about a square."""

    pixels: Sequence[Sequence[float]]

    def lines(self, width: int | None) -> Iterable[Line]:
        columns = max((2 * len(row) for row in self.pixels), default=0)
        step = 1 if width is None else -(-columns // width)
        return [[Span("".join(_shade(pixel) * 2 for pixel in row[::step]).rstrip())] for row in self.pixels[::step]]


def _shade(pixel: float) -> str:
    return _SHADES[max(0, min(len(_SHADES) - 1, int(pixel * len(_SHADES))))]


def pictures(labelled: Sequence[tuple[str, Sequence[Sequence[float]]]]) -> View:
    """Images, each below its label."""
    return Stack([view for label, pixels in labelled for view in (verbatim(label), Picture(pixels))])
