"""The columns of a table as inputs of an ONNX graph, and the nodes that make numbers of their cells.

A cell that the model cannot use becomes NaN here. The graph gives no answer for such a row: NaN for numbers, and an
empty text for a label.
"""

import datetime
from collections.abc import Iterable, Sequence
from typing import Any

import numpy as np

from mltrain.data.columns.date import read_moment
from mltrain.data.encoding import ChoiceEncoding, DateEncoding, Encoding, NumberEncoding, TextEncoding
from mltrain.data.tables.cells import canonical
from mltrain.data.tables.notation import as_number
from mltrain.export.onnx_graph import Array, Graph, Port
from mltrain.export.onnx_words import word_counts
from mltrain.export.runtime.cells import LARGEST, is_gap, text_of

_DAY = r"\d{4}-(0[1-9]|1[0-2])-(0[1-9]|[12]\d|3[01])"
_DATE = rf"{_DAY}([ T]([01]\d|2[0-3]):[0-5]\d(:[0-5]\d)?)?"
_MONTHS = (31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31)
_SINCE_MARCH = (306, 337, 0, 31, 61, 92, 122, 153, 184, 214, 245, 275)
"""Days from the first of March to the first of each month; the leap day is the last one of such a year."""
_EPOCH = 719469
"""What `_days` would give for the first of January 1970."""


def port(encodings: Sequence[Encoding]) -> Port:
    """The input of a column, which members of an ensemble may encode in several ways."""
    first = encodings[0]
    if isinstance(first, TextEncoding):
        return Port(first.column, "int32", (f"characters of {first.column}",), _told(first))
    kind = "string"
    if isinstance(first, NumberEncoding):
        is_large = any(isinstance(one, NumberEncoding) and one.origin for one in encodings)
        kind = "double" if is_large else "float"
    return Port(first.column, kind, (1,), _told(first))


def takes_gaps(encodings: Iterable[Encoding]) -> bool:
    """Whether a cell may be missing."""
    gaps = [one.gap if isinstance(one, ChoiceEncoding) else getattr(one, "fill", 0) for one in encodings]
    return None not in gaps


def _told(column: Encoding) -> str:
    match column:
        case NumberEncoding():
            unit = column.notation.before or column.notation.after
            return f"a number in {unit}" if unit else "a number"
        case ChoiceEncoding():
            return "a name"
        case TextEncoding():
            return "the code points of a text, filled up with 0"
    return "a date: 2024-01-31, 2024-01-31 18:30 or 2024-01-31T18:30:00"


def given_cell(column: Encoding, cell: Any) -> Any:
    """A cell of a table as the input takes it: a float, NaN for a gap, or a text, empty for a gap; of words, a text."""
    text = text_of(cell)
    if isinstance(column, ChoiceEncoding) and text in accepted(column):
        return text
    gap = is_gap(text, column.missing)
    match column:
        case NumberEncoding():
            if gap:
                return float("nan")
            return column.notation.read(text) if isinstance(cell, str) else float(cell)
        case DateEncoding() if not gap:
            moment = read_moment(text, column.order, compact=column.compact)
            assert moment is not None
            midnight = datetime.datetime(1970, 1, 1) + datetime.timedelta(days=moment.day)
            return str(midnight + datetime.timedelta(seconds=moment.second))
    if isinstance(column, ChoiceEncoding) and not gap:
        spelled = canonical(text)
        return spelled.casefold() if column.ignores_case else spelled
    return text if isinstance(column, TextEncoding) and not gap else ""


def as_input(cells: Sequence[Any], port: Port) -> Array:
    """Cells as the array that the input takes: (rows, 1), or of words (rows, characters)."""
    if port.kind != "int32":
        types = {"float": np.float32, "double": np.float64, "string": np.object_}
        return np.array([[cell] for cell in cells], types[port.kind])
    longest = max(map(len, cells))
    return np.array([[*map(ord, text.ljust(longest, "\0"))] for text in cells], np.int32).reshape(len(cells), longest)


def encoded(graph: Graph, column: Encoding, given: Port) -> str:
    """Add the nodes of an encoding; the name of its inputs of the network, (rows, inputs)."""
    graph.scope = column.column
    match column:
        case NumberEncoding():
            return _number(graph, column, given)
        case ChoiceEncoding():
            return _choice(graph, column, given.name)
        case DateEncoding():
            return _date(graph, column, given.name)
        case TextEncoding():
            return _text(graph, column, given.name)
    raise NotImplementedError(f"{column.name} has no operators")


def usable(graph: Graph, row: str) -> str:
    """Whether all numbers of each row can be used, (rows, 1)."""
    numbers = graph("Cast", graph("LessOrEqual", graph("Abs", row), np.float32(LARGEST)), to="float")
    return graph("Cast", graph("ReduceMin", numbers, np.array([1]), keepdims=1), to="bool")


def _number(graph: Graph, column: NumberEncoding, given: Port) -> str:
    dtype, x = (np.float64 if given.kind == "double" else np.float32), given.name
    numbers = sorted({number for one in column.missing if (number := as_number(one)) is not None})
    gap = graph("IsNaN", x)
    for number in numbers:
        gap = graph("Or", gap, graph("Equal", x, dtype(number)))
    if column.fill is not None or numbers:
        x = graph("Where", gap, dtype(np.nan if column.fill is None else column.fill), x)
    if column.origin:
        x = graph("Sub", x, dtype(column.origin))
    if given.kind == "double":
        x = graph("Cast", x, to="float")
    return graph("Concat", x, graph("Cast", gap, to="float"), axis=1) if column.gap_input else x


def accepted(column: ChoiceEncoding) -> dict[str, int | None]:
    """The texts that a choice is recognized by, with its number; None where the model cannot use the text.

    ONNX compares texts as they are. So the usual spellings of each are listed: 2.0 for 2, True for true.
    """
    found: dict[str, int | None] = {}
    for text in ("", *column.missing, *column.codes, *column.choices):
        spellings = [text]
        if text.isdigit():
            spellings.append(f"{text}.0")
        if column.ignores_case or text in ("true", "false"):
            spellings += [text.lower(), text.upper(), text.capitalize()]
        for one in spellings:
            spelled = canonical(one)
            known = column.codes.get(spelled.casefold() if column.ignores_case else spelled, column.unknown)
            found.setdefault(one, column.gap if is_gap(one, column.missing) else known)
    return found


def _choice(graph: Graph, column: ChoiceEncoding, x: str) -> str:
    """The vector of the text's number: compared with all texts, of which one or none is the same."""
    texts = accepted(column)
    numbers = [*texts.values(), column.unknown]
    same = graph("Cast", graph("Equal", x, [[*texts]]), to="float")
    place = graph("ArgMax", graph("Pad", same, np.array([0, 0, 0, 1]), np.float32(0.5)), axis=1, keepdims=0)
    vectors = [() if number is None else column.vectors[number] for number in numbers]
    width, is_used = len(column.inputs), np.array([[1.0] if number is not None else [np.nan] for number in numbers])
    if all(len(one) <= 1 and all(value == 1 for _, value in one) for one in vectors):
        ones = np.array([one[0][0] if one else width for one in vectors])  # a place behind the last one gives zeros
        inputs = graph("OneHot", graph("Gather", ones, place), np.array([width]), np.array([0, 1], np.float32))
    else:
        table = np.zeros((len(vectors), width), np.float32)
        for row, vector in zip(table, vectors, strict=True):
            for at, value in vector:
                row[at] = value
        inputs = graph("Gather", graph.constant(table, "inputs"), place)
    if None in numbers:
        inputs = graph("Mul", inputs, graph("Gather", is_used.astype(np.float32), place))
    return inputs


def _date(graph: Graph, column: DateEncoding, x: str) -> str:
    missing = [[*dict.fromkeys(("", *column.missing))]]
    same = graph("Cast", graph("Equal", x, missing), to="float")
    gap = graph("Cast", graph("ReduceMax", same, np.array([1]), keepdims=1), to="bool")
    is_date = graph("And", graph("RegexFullMatch", x, pattern=_DATE), graph("Not", gap))
    filled = datetime.date(1970, 1, 1) + datetime.timedelta(days=int(column.fill or 0))
    x = graph("Where", is_date, x, [[str(filled)]])
    day_text, time_text = _parts_of(graph, graph("StringConcat", x, ["T00:00:00"]), "T", 2)
    day_text, time_text = _parts_of(
        graph, graph("StringConcat", graph("StringConcat", day_text, [" "]), time_text), "", 2
    )
    year, month, day_of_month = (graph("Cast", one, to="int64") for one in _parts_of(graph, day_text, "-", 3))
    place = graph("Sub", month, 1)
    day = graph("Add", graph("Gather", np.array(_SINCE_MARCH), place), day_of_month)
    day = _days(graph, graph("Sub", year, graph("Cast", graph("Less", month, 3), to="int64")), day)
    new_year, next_year = (_days(graph, one, 307) for one in (graph("Sub", year, 1), year))
    length = graph("Sub", next_year, new_year)
    leap = graph("Where", graph("Equal", month, 2), graph("Sub", length, 365), 0)
    exists = graph("LessOrEqual", day_of_month, graph("Add", graph("Gather", np.array(_MONTHS), place), leap))
    good = graph("And", exists, is_date if column.fill is None else graph("Or", is_date, gap))
    share: str | None = None
    if "hour" in column.parts:
        clock = _parts_of(graph, graph("StringConcat", time_text, [":00"]), ":", 3)
        hour, minute, second = (graph("Cast", one, to="double") for one in clock)
        seconds = graph("Add", graph("Mul", graph("Add", graph("Mul", hour, _double(60)), minute), _double(60)), second)
        share = graph("Div", seconds, _double(86400))
    inputs = []
    for part in column.parts:
        if part == "days":
            days = graph("Cast", graph("Sub", day, column.first), to="double")
            inputs.append(graph("Cast", graph("Add", days, share) if share else days, to="float"))
        elif part == "year":
            inputs.append(graph("Cast", year, to="float"))
        else:
            if part == "month":
                passed = graph("Sub", day, new_year)
                turn = graph("Div", graph("Cast", passed, to="double"), graph("Cast", length, to="double"))
            elif part == "weekday":  # 1970-01-01 was a Thursday; Monday is 0
                weekday = graph("Mod", graph("Add", day, 3), 7)
                turn = graph("Div", graph("Cast", weekday, to="double"), _double(7))
            else:
                assert share is not None
                turn = share
            angles = graph("Add", graph("Mul", turn, _double(2 * np.pi)), _double([[0, np.pi / 2]]))
            wave = graph("Cast", graph("Sin", angles), to="float")  # the cosine is the sine a quarter turn later
            inputs.append(graph("Where", gap, np.float32(0), wave))
    if column.gap_input:
        inputs.append(graph("Cast", gap, to="float"))
    return graph("Where", good, graph("Concat", *inputs, axis=1), np.float32(np.nan))


def _text(graph: Graph, column: TextEncoding, x: str) -> str:
    """Tf-idf of the words, of one length for all texts; zeros for a text that says that there is none."""
    counts = word_counts(graph, column.words, x)
    longest = max(map(len, column.missing), default=0) + 1
    missing = np.array([[[*map(ord, text.ljust(longest, "\0"))] for text in column.missing]], np.int32)
    if missing.size:  # a longer text differs in the place behind it, which is 0 here
        first = graph(
            "Slice", graph("Pad", x, np.array([0, 0, 0, longest])), np.array([0]), np.array([longest]), np.array([1])
        )
        same = graph("Cast", graph("Equal", graph("Unsqueeze", first, np.array([1])), missing), to="float")
        gap = graph("ReduceMax", graph("ReduceMin", same, np.array([2]), keepdims=0), np.array([1]), keepdims=1)
        counts = graph("Mul", counts, graph("Sub", np.float32(1), gap))
    one = np.float32(1)
    values = graph("Add", graph("Log", graph("Max", counts, one)), one)
    values = graph("Mul", graph("Mul", values, np.array(column.weights, np.float32)), graph("Min", counts, one))
    length = graph("ReduceL2", values, np.array([1]), keepdims=1)
    return graph("Mul", values, graph("Div", np.float32(column.size), graph("Max", length, np.float32(1e-30))))


def _double(value: Any) -> Any:
    return np.asarray(value, np.float64)


def _parts_of(graph: Graph, text: str, delimiter: str, count: int) -> list[str]:
    """The first parts of texts (rows, 1) between delimiters; "" is white space."""
    parts = graph("StringSplit", text, outputs=2, delimiter=delimiter)
    return [graph("Gather", parts, number, axis=2) for number in range(count)]


def _days(graph: Graph, year: str, since_march: Any) -> str:
    """Days since 1970 of a day that is so many days after the first of March of a year, counted from 1."""
    leaps = graph("Sub", graph("Div", year, 4), graph("Div", year, 100))
    leaps = graph("Add", leaps, graph("Div", year, 400))
    days = graph("Add", graph("Mul", year, 365), leaps)
    return graph("Sub", graph("Add", days, since_march), _EPOCH)
