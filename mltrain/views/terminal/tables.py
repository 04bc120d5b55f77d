"""The tables of summary, evaluate and predict."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from mltrain.views.terminal.number_format import data_size, number
from mltrain.views.terminal.views import ACCENT, FAINT, RULE, STRONG, Column, Line, Row, Span, Table, View

_MOST_MISTAKES = 12
_MOST_INPUTS = 8
_MOST_PROBABILITIES = 3

_WORTH_MENTIONING = 100_000_000
"""Bytes of training memory below which the requirement is not shown."""


class SummaryRow(NamedTuple):
    """A layer of a network. ``output_shape`` is that of one row; ``inputs`` names what the layer reads.

    ``frozen`` says that it has parameters that training does not change. ``multiplications`` and ``activation_bytes``,
    the memory of its output, are those of one row.
    """

    name: str
    type: str
    output_shape: tuple[int, ...]
    parameters: int
    trainable: int
    inputs: tuple[str, ...] = ()
    frozen: bool = False
    multiplications: int = 0
    activation_bytes: int = 0


class SummaryTotals(NamedTuple):
    """The parameters of a network: their number, the number of trainable ones, and their size in bytes.

    ``to_train`` is the memory for training in bytes.
    """

    parameters: int
    trainable: int
    bytes: int
    to_train: int = 0


def summary_table(rows: Sequence[SummaryRow], totals: SummaryTotals, *, connected: bool = False) -> Table:
    """Keras's summary: layers, their output shapes, and their numbers of parameters.

    ``connected`` adds what each layer reads. If parameters are reused at many positions, as by convolutions, the table
    also has multiplications and activation memory per row, since the number of parameters is no measure of the cost.
    """
    slides = any(row.multiplications > row.parameters for row in rows)
    columns = [
        Column("layer (type)", wraps=True),
        Column("output shape", wraps=True),
        Column("parameters", right=True),
        *([Column("multiplications", right=True), Column("activations", right=True)] if slides else []),
        *([Column("inputs", wraps=True)] if connected else []),
    ]
    layers = [
        (
            f"{row.name} ({row.type}{', frozen' if row.frozen else ''})",
            " x ".join(map(str, row.output_shape)),
            f"{row.parameters:,}",
            *([f"{row.multiplications:,}", data_size(row.activation_bytes)] if slides else []),
            *([", ".join(row.inputs)] if connected else []),
        )
        for row in rows
    ]
    sums: list[tuple[str, ...]] = [
        ("total", data_size(totals.bytes), f"{totals.parameters:,}"),
        ("trainable", "", f"{totals.trainable:,}"),
    ]
    if totals.trainable < totals.parameters:
        sums.append(("non-trainable", "", f"{totals.parameters - totals.trainable:,}"))
    if totals.to_train >= _WORTH_MENTIONING:
        sums.append(("to train", data_size(totals.to_train), ""))
    more = [""] * (len(columns) - 3)
    ends = [(*row, *more) for row in sums]
    if slides:
        of_a_row = f"{sum(row.multiplications for row in rows):,}", data_size(sum(row.activation_bytes for row in rows))
        ends[0] = (*sums[0], *of_a_row, *more[2:])
    return Table(columns, [RULE, *layers, RULE, *ends])


def start_table(layers: Sequence[tuple[str, bool, str]]) -> Table:
    """Layers, whether each got the weights of a model, and the reason or the conversion."""
    rows: list[Row] = [
        (name, why if not taken else f"taken; {why}" if why else Span("taken", STRONG)) for name, taken, why in layers
    ]
    return Table([Column("layer", wraps=True), Column("weights", wraps=True)], rows)


def origin_table(said: Mapping[str, str]) -> Table:
    """The provenance of a model, one line per known fact."""
    return Table([Column("", style=FAINT), Column("", wraps=True)], list(said.items()))


def evaluation(
    split: str,
    samples: int,
    loss: float,
    metrics: Mapping[str, float],
    others: Mapping[str, Mapping[str, str]] | None = None,
) -> Table:
    """The loss and the metrics on one part of the data. ``others`` are more columns: texts for these, by title."""
    others = others or {}
    rows: list[Row] = [("rows", f"{samples:,} ({split})", *[""] * len(others))]
    for name, value in {"loss": loss, **metrics}.items():
        rows.append((name, Span(number(value), STRONG), *(one.get(name, "") for one in others.values())))
    return Table([Column("", style=FAINT), Column(""), *(Column(title) for title in others)], rows)


class Compared(NamedTuple):
    """A measure of two models, the difference of the second from the first, and the interval of that."""

    name: str
    first: float
    second: float
    difference: float
    low: float
    high: float


def comparison(title: str, names: tuple[str, str], measures: Sequence[Compared], interval: str) -> Table:
    """The measures of two models side by side, with their differences."""
    columns = [Column(title, style=FAINT, wraps=True), *(Column(name, wraps=True) for name in names)]
    columns += [Column("difference"), Column(interval)]
    return Table(
        columns,
        [
            (
                one.name,
                number(one.first),
                number(one.second),
                Span(_signed(one.difference), STRONG),
                f"{_signed(one.low)} to {_signed(one.high)}",
            )
            for one in measures
        ],
    )


def _signed(value: float) -> str:
    return ("+" if value > 0 else "") + number(value, 3).replace("-", "−", 1 if value < 0 else 0)


def class_table(classes: Sequence[str], qualities: Sequence[tuple[float, float, float, int]]) -> Table:
    """Precision, recall, F1 and the number of rows, one line per class."""
    columns = [
        Column("class", wraps=True),
        *(Column(name, right=True) for name in ("precision", "recall", "f1", "rows")),
    ]
    rows = [
        (name, *(f"{share:.3f}" for share in shares), f"{count:,}")
        for name, (*shares, count) in zip(classes, qualities, strict=True)
    ]
    return Table(columns, rows)


def residual_table(names: Sequence[str], shares: Sequence[float], quantiles: Sequence[Sequence[float]]) -> Table:
    """The residuals, one line per target: ``quantiles[share][target]`` of prediction minus target."""
    heads = ["least" if share == 0 else "most" if share == 1 else f"{share:.0%}" for share in shares]
    columns = [Column("prediction − target", wraps=True), *(Column(head, right=True) for head in heads)]
    rows = [(name, *(number(values[index]) for values in quantiles)) for index, name in enumerate(names)]
    return Table(columns, rows)


@dataclass(frozen=True)
class Confusion(View):
    """The confusion matrix: ``counts[true][predicted]`` rows.

    If the matrix is wider than the terminal, the most frequent confusions are listed instead.
    """

    classes: Sequence[str]
    counts: Sequence[Sequence[int]]

    def lines(self, width: int | None) -> Iterable[Line]:
        table = self._table()
        return (table if width is None or table.natural_width() <= width else self._mistakes()).lines(width)

    def _table(self) -> Table:
        columns = [Column("true ↓  predicted →", style=FAINT), *(Column(name, right=True) for name in self.classes)]
        rows: list[Row] = []
        for true, (name, counts) in enumerate(zip(self.classes, self.counts, strict=True)):
            styles = [ACCENT if guess == true else "" if count else FAINT for guess, count in enumerate(counts)]
            rows.append((name, *(Span(f"{count:,}", style) for count, style in zip(counts, styles, strict=True))))
        return Table(columns, rows)

    def _mistakes(self) -> Table:
        mistakes = [
            (count, self.classes[true], self.classes[guess])
            for true, counts in enumerate(self.counts)
            for guess, count in enumerate(counts)
            if count and guess != true
        ]
        most = sorted(mistakes, key=lambda mistake: -mistake[0])[:_MOST_MISTAKES]
        columns = [Column("true", wraps=True), Column("taken for", wraps=True), Column("rows", right=True)]
        return Table(columns, [(true, guess, f"{count:,}") for count, true, guess in most])


class Prediction(NamedTuple):
    """The prediction for one row. A classifier adds the class's name, and probabilities by name if it has any.

    A row with several positions has lists.
    """

    x: Sequence[float | str]
    y: Sequence[Any]
    label: Any = None
    probabilities: Any = None


def predictions(rows: Sequence[Prediction]) -> Table:
    """One line per prediction: ``10  →  30.99``, or ``5.1, 3.5, 1.4, 0.2  →  setosa  setosa 97.3%, virginica 2.7%``."""
    columns = [
        Column("", wraps=True),
        Column("", style=FAINT),
        Column("", style=STRONG),
        Column("", style=FAINT, wraps=True),
    ]
    return Table(columns, [(_inputs(row.x), "→", _answer(row), _probabilities(row.probabilities)) for row in rows])


def _inputs(x: Sequence[float | str]) -> str:
    if len(x) > _MOST_INPUTS:
        return f"{len(x):,} numbers"
    return ", ".join(value if isinstance(value, str) else f"{value:g}" for value in x)


def _answer(row: Prediction) -> str:
    return ", ".join(_flat(row.label)) if row.label is not None else ", ".join(map(_whole_or_number, _flat(row.y)))


def _flat(values: Any) -> list[Any]:
    """The values of nested lists, or the one value, in a list."""
    return [one for inner in values for one in _flat(inner)] if isinstance(values, list | tuple) else [values]


def _whole_or_number(value: float) -> str:
    return f"{value:.0f}" if value.is_integer() else number(value)


def _probabilities(probabilities: Any) -> str:
    if isinstance(probabilities, list):
        return ""  # of several positions, --json has them
    likeliest = sorted((probabilities or {}).items(), key=lambda item: -item[1])[:_MOST_PROBABILITIES]
    return ", ".join(f"{name} {share:.1%}" for name, share in likeliest)
