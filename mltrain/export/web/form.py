"""The form of a page: a field for each column of a row, with what the model learned of it."""

import datetime
import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from mltrain.data.encoding import ChoiceEncoding, DateEncoding, Encoding, NumberEncoding
from mltrain.export.base import Subject
from mltrain.export.examples import Range

_MOST_FIELDS = 40
"""Numbers of a row without columns that have a slider each; more are one text."""

_STEPS = 200
"""Steps of a slider, at least."""

_OTHER = "(other)"
"""A name that stands for all that were not learned; as a table's rows are decoded, it is one that is not known."""

Field = dict[str, Any]


def form_of(subject: Subject) -> list[Field]:
    """The fields of a row that is no image, in the order of the columns or numbers."""
    columns, ranges = subject.steps.columns, subject.ranges
    if columns is None:
        return _plain_numbers(subject)
    fields, start = dict[str, Field](), 0
    for column in columns:
        width = len(column.inputs)
        if column.column not in fields:  # members of an ensemble encode it each in their own way
            fields[column.column] = _field(subject, column, ranges[start : start + width], start)
        start += width
    return list(fields.values())


def _plain_numbers(subject: Subject) -> list[Field]:
    (width, *others) = subject.steps.input.shape
    if others or width > _MOST_FIELDS:
        return [{"kind": "numbers", "name": f"{' x '.join(map(str, subject.steps.input.shape))} numbers", "rows": 8}]
    names = subject.steps.features or _names(subject)
    return [
        {"kind": "number", "name": name, "before": "", "after": "", **_slider(subject, place, subject.ranges[place])}
        for place, name in enumerate(names)
    ]


def _names(subject: Subject) -> list[str]:
    """Names of numbers that have none: the input that each belongs to, or x; numbered where there are several."""
    found = []
    for name, spec in subject.model.row_spec.inputs.items():
        word = "x" if name == "input" else name
        size = math.prod(spec.shape)
        found += [word] if size == 1 else [f"{word}{number}" for number in range(1, size + 1)]
    return found


def _field(subject: Subject, column: Encoding, ranges: Sequence[Range], start: int) -> Field:
    field: Field = {"kind": "text", "name": column.column}
    match column:
        case NumberEncoding():
            notation = column.notation
            units = {"before": notation.before, "after": notation.after}
            return {**field, "kind": "number", **units, **_slider(subject, start, ranges[0], column.origin)}
        case ChoiceEncoding() if column.ignores_case and len(column.inputs) == 1:
            no, yes = column.choices
            means_yes = [yes.lower(), *(text for text, code in column.codes.items() if code == 1)]
            return {**field, "kind": "boolean", "no": no, "yes": yes, "means_yes": means_yes}
        case ChoiceEncoding():
            encodings = [one for one in subject.steps.by_column[column.column] if isinstance(one, ChoiceEncoding)]
            choices = [choice for one in encodings for choice in one.choices]
            choices += [_OTHER] if all(one.unknown is not None for one in encodings) else []
            choices = list(dict.fromkeys(choices))
            return {**field, "kind": "choice", "choices": choices, "gap": all(one.gap is not None for one in encodings)}
        case DateEncoding():
            is_clock = set(column.parts) == {"hour"}
            kind = "time" if is_clock else "datetime-local" if "hour" in column.parts else "date"
            return {**field, "kind": "date", "type": kind, "seen": _days(column, ranges)}
    return field


def _days(column: DateEncoding, ranges: Sequence[Range]) -> str:
    if column.parts[0] != "days":
        return ""
    epoch = datetime.date(1970, 1, 1)
    ends = [epoch + datetime.timedelta(column.first + math.floor(end)) for end in ranges[0][:2]]
    return " to ".join(map(str, ends))


def _slider(subject: Subject, place: int, seen: Range, origin: float = 0.0) -> Field:
    """The ends and the step of the slider of an input feature: round numbers around what training saw."""
    lowest, highest = (float(f"{end:.6g}") if abs(end) < 1e6 else end for end in seen[:2])
    if not lowest < highest:
        lowest, highest = lowest - 1, lowest + 1
    step = 10.0 ** math.floor(math.log10((highest - lowest) / _STEPS))
    if _is_whole(subject, place, origin):
        step = max(1.0, step)
    ends = math.floor(lowest / step + 1e-9), math.ceil(highest / step - 1e-9)
    lowest, highest = (float(f"{end * step:.12g}") for end in ends)
    return {"lowest": lowest, "highest": highest, "step": float(f"{step:.3g}")}


def _is_whole(subject: Subject, place: int, origin: float) -> bool:
    if subject.dataset is None:
        return False
    values = subject.dataset.train.x[:, place].astype(np.float64) + origin
    return bool((values == np.floor(values)).all())
