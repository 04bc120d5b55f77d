"""The inputs of the network for one cell, a function for each encoding (`mltrain.data.encoding`).

A cell that cannot be used raises ValueError, with the reason.
"""

import datetime
import math
from typing import Any

from mltrain.data.columns.date import read_moment
from mltrain.data.columns.text import words_of
from mltrain.data.tables.cells import canonical
from mltrain.data.tables.notation import as_number, read_number

LARGEST = 3.4028235e38
"""The largest number that fits into a 32-bit float."""


def text_of(cell: Any) -> str:
    """A cell as text: nothing and NaN are empty, whole numbers have no decimal point."""
    if cell is None or cell != cell:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        return f"{cell:.0f}"
    return str(cell).strip()


def is_gap(text: str, missing: Any) -> bool:
    """Whether a text means that there is no value. Texts that are numbers match however they are written."""
    if text in missing:
        return True
    number = as_number(text)
    return number is not None and any(as_number(one) == number for one in missing)


def number_inputs(
    cell: Any, missing: Any, notation: Any, origin: float, fill: float | None, gap_input: bool
) -> list[float]:
    """The number, and 1 for a gap. ``notation`` is (decimal, thousands, before, after)."""
    text = text_of(cell)
    gap = is_gap(text, missing)
    if gap:
        value = fill
    elif isinstance(cell, (int, float)) and not isinstance(cell, bool):
        value = float(cell)
    else:
        value = as_number(text) if notation == (".", "", "", "") else None
        value = read_number(text, *notation) if value is None else value
        if value is None:
            raise ValueError(f"expected a number, got {text!r}")
    if value is None:
        raise ValueError("the value is missing, and the model learned from whole rows")
    if abs(value) > LARGEST:
        raise ValueError(f"{text} does not fit into a 32-bit float")
    return [value - origin, float(gap)] if gap_input else [value - origin]


def choice_inputs(
    cell: Any, missing: Any, codes: Any, vectors: Any, width: int, gap: Any, unknown: Any, ignores_case: bool
) -> list[float]:
    """The inputs of the text's number: ``vectors`` has places and values of those that are not 0."""
    text = text_of(cell)
    if is_gap(text, missing):
        number = gap
        if number is None:
            raise ValueError("the value is missing, and the model learned from whole rows")
    else:
        spelling = canonical(text)
        number = codes.get(spelling.casefold() if ignores_case else spelling, unknown)
        if number is None:
            raise ValueError(f"{text!r} is none of the names learned from")
    inputs = [0.0] * width
    for place, value in vectors[number]:
        inputs[place] = value
    return inputs


def date_inputs(
    cell: Any, missing: Any, order: Any, compact: bool, parts: Any, first: int, fill: float | None, gap_input: bool
) -> list[float]:
    """Days since the first one, the year, and the sine and cosine of month, weekday and hour."""
    text = text_of(cell)
    gap = is_gap(text, missing)
    if gap:
        if fill is None:
            raise ValueError("the value is missing, and the model learned from whole rows")
        day, second = int(fill), 0
    else:
        moment = read_moment(text, order, compact=compact)
        if moment is None:
            raise ValueError(f"expected a date with the {order.partition('_')[0]} first, got {text!r}")
        day, second = moment
    date = datetime.date(1970, 1, 1) + datetime.timedelta(days=day)
    new_year = datetime.date(date.year, 1, 1)
    turns = {
        "month": (date - new_year).days / (datetime.date(date.year, 12, 31) - new_year + datetime.timedelta(1)).days,
        "weekday": (day + 3) % 7 / 7,  # 1970-01-01 was a Thursday; Monday is 0
        "hour": second / 86400,
    }
    inputs: list[float] = []
    for part in parts:
        if part == "days":
            inputs.append(day - first + (second / 86400 if "hour" in parts else 0))
        elif part == "year":
            inputs.append(date.year)
        else:
            angle = 2 * math.pi * turns[part]
            inputs += [0.0, 0.0] if gap else [math.sin(angle), math.cos(angle)]
    return [*inputs, float(gap)] if gap_input else inputs


def text_inputs(cell: Any, missing: Any, words: Any, weights: Any, size: float) -> list[float]:
    """How much each word counts (tf-idf): ``words`` has the place of each."""
    text = text_of(cell)
    inputs = [0.0] * len(words)
    if not is_gap(text, missing):
        for word, count in words_of(text).items():
            if word in words:
                inputs[words[word]] = (1 + math.log(count)) * weights[words[word]]
    length = math.sqrt(sum(value * value for value in inputs))
    return [value * size / length for value in inputs] if length else inputs
