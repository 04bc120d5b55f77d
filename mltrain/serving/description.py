"""What `GET /model` tells: the columns or numbers that a model takes, what it answers, and where it comes from."""

import math
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from mltrain.data.columns import kind_of
from mltrain.data.encoding import ChoiceEncoding, Encoding, NumberEncoding
from mltrain.export.examples import Range
from mltrain.inference.tables import target_names
from mltrain.serving.served_model import About, ServedModel

_MOST_CHOICES = 100
"""Names of a column that are told."""


def describe(served: ServedModel, about: About) -> dict[str, Any]:
    """The document about a model."""
    model = served.model
    held_back = about.held_back
    origin = model.origin
    return {
        "model": served.name,
        "loaded": datetime.fromtimestamp(served.loaded, UTC).isoformat(timespec="milliseconds"),
        "predicts": "numbers" if model.classes is None else "classes",
        "targets": target_names(model),
        "classes": None if model.classes is None else list(model.classes),
        "probabilities": model.classes is not None and model.gives_probabilities,
        "inputs": inputs(served, about),
        "layers": [node.layer.type_name() for node in model.network.nodes],
        "parameters": model.parameter_count,
        "loss": model.config.loss.type_name(),
        "metrics": None
        if held_back is None
        else {
            "part": held_back.part,
            "rows": held_back.rows,
            "loss": _finite(held_back.evaluation.loss),
            **{name: _finite(value) for name, value in held_back.evaluation.metrics.items()},
        },
        "origin": None if origin is None else origin.document,
    }


def inputs(served: ServedModel, about: About) -> list[dict[str, Any]]:
    """The columns of a row, in order; or the one array or image that a row is."""
    steps = about.subject.steps
    if steps.columns is None or served.table is None:
        return [{"name": "input", "kind": "image" if steps.image else "numbers", "shape": list(steps.input.shape)}]
    ranges, start = about.subject.ranges if about.has_ranges else (), 0
    kinds = {column.name: kind_of(column) for column in served.table.columns}
    found: dict[str, dict[str, Any]] = {}
    for column in steps.columns:
        seen = ranges[start] if ranges else None
        start += len(column.inputs)
        found.setdefault(column.column, dict(_column(column, kinds[column.column], seen)))
    return list(found.values())


def may_be_missing(column: Encoding) -> bool:
    """Whether a row may have a gap in this column."""
    match column:
        case ChoiceEncoding():
            return column.gap is not None
        case NumberEncoding():
            return column.fill is not None
    return getattr(column, "fill", 0.0) is not None


def _column(column: Encoding, kind: str, seen: Range | None) -> Iterator[tuple[str, Any]]:
    yield "name", column.column
    yield "kind", kind
    yield "may_be_missing", may_be_missing(column)
    match column:
        case NumberEncoding():
            if seen is not None:
                for name, value in zip(("lowest", "highest", "mean"), seen, strict=True):
                    yield name, value if column.origin else float(f"{value:.7g}")  # as exact as 32 bits are
            if unit := (column.notation.before or column.notation.after):
                yield "unit", unit.strip()
        case ChoiceEncoding():
            yield "names", list(column.choices[:_MOST_CHOICES])
            yield "other_names", "error" if column.unknown is None else "count as other"


def _finite(value: float) -> float | None:
    return value if math.isfinite(value) else None
