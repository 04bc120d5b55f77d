"""The columns of a table in C: fields of a struct, enums of names, and the code that makes inputs of them."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from mltrain.data.columns.date import read_moment, years
from mltrain.data.encoding import ChoiceEncoding, DateEncoding, Encoding, NumberEncoding, TextEncoding
from mltrain.data.tables.cells import Missing, canonical
from mltrain.data.tables.notation import as_number
from mltrain.export import c_text as text
from mltrain.export.base import Identifiers
from mltrain.export.runtime.cells import text_of
from mltrain.export.words import Alphabet

_LONGEST = 100
"""Characters of names that a comment lists."""


def columns_in_c(columns: Mapping[str, Sequence[Encoding]], prefix: str) -> "list[Column]":
    """The columns with the names of their fields; one may be encoded in several ways, by members of an ensemble."""
    names = Identifiers(text.KEYWORDS)
    return [Column(encodings, prefix, names(name)) for name, encodings in columns.items()]


class Column:
    """A column in C: a field of the struct of a row, and the code that makes inputs of it."""

    def __init__(self, encodings: Sequence[Encoding], prefix: str, field: str):
        self.encodings, self.prefix, self.field = encodings, prefix, field
        self.name = encodings[0].column
        choices = dict.fromkeys(
            choice for one in encodings if isinstance(one, ChoiceEncoding) for choice in one.choices
        )
        names, begin = Identifiers(), f"{prefix}_{field}".upper()
        self.members = {choice: names(f"{begin}_{choice}".upper()) for choice in choices}
        self.gap, self.unknown = names(f"{begin}_MISSING"), names(f"{begin}_UNKNOWN")

    @property
    def may_be_missing(self) -> bool:
        """Whether all encodings take a gap."""
        gaps = [one.gap if isinstance(one, ChoiceEncoding) else getattr(one, "fill", 0) for one in self.encodings]
        return None not in gaps

    @property
    def _is_exact(self) -> bool:
        """Whether a float would round what differs of the numbers."""
        return any(isinstance(one, NumberEncoding) and one.origin for one in self.encodings)

    @property
    def kind(self) -> str:
        """The type of the field, as it stands before its name."""
        match self.encodings[0]:
            case NumberEncoding():
                return "double " if self._is_exact else "float "
            case ChoiceEncoding():
                return f"enum {self.prefix}_{self.field} "
            case TextEncoding():
                return "const char *"
        return f"{self.prefix}_date "

    @property
    def told(self) -> str:
        """What the field holds, for a comment."""
        first, told = self.encodings[0], self.name
        if isinstance(first, NumberEncoding):
            unit = first.notation.before or first.notation.after
            told += f", in {unit}" if unit else ""
        gap = {"number": "NAN", "date": "year 0", "text": "0"}.get(first.name)
        told += ", in UTF-8" if first.name == "text" else ""
        return f"{told}; {gap} where it is missing" if gap and self.may_be_missing else told

    @property
    def declaration(self) -> list[str]:
        """The enum of the names."""
        choices = [one for one in self.encodings if isinstance(one, ChoiceEncoding)]
        if not choices:
            return []
        more = [self.gap] if self.may_be_missing else []
        more += [self.unknown] if all(one.unknown is not None for one in choices) else []
        told = ", ".join(self.members)
        told = told if len(told) < _LONGEST else f"{told[:_LONGEST]} ..."
        head = f"/* {text.comment(self.name)}: {text.comment(told)} */"
        values = text.values([*self.members.values(), *more])
        return [head, f"enum {self.prefix}_{self.field} {{", *values, "};", ""]

    def _number(self, column: ChoiceEncoding, choice: str) -> int | None:
        """The number that an encoding has for a text; None if it can use no such text."""
        spelled = canonical(choice)
        return column.codes.get(spelled.casefold() if column.ignores_case else spelled, column.unknown)

    def code(self, column: Encoding, at: int, library: text.Library, constants: text.Constants) -> list[str]:
        """The statements that write the inputs of an encoding from number ``at`` on."""
        field = f"row->{self.field}"
        match column:
            case NumberEncoding():
                value = f"(float)({field} - {text.number(column.origin, '')})" if self._is_exact else field
                gap = ["    return 0;"]
                if column.fill is not None:
                    gap = [f"    input[{at}] = {text.number(column.fill - column.origin)};"]
                    gap += [f"    input[{at + 1}] = 1.0f;"] if column.gap_input else []
                # NAN differs from itself; numbers that stand for a gap are among the texts for it.
                told = {number for one in column.missing if (number := as_number(one)) is not None}
                suffix = "" if self._is_exact else "f"
                gaps = [f"{field} != {field}", *(f"{field} == {text.number(one, suffix)}" for one in sorted(told))]
                return [f"if ({' || '.join(gaps)}) {{", *gap, "} else {", f"    input[{at}] = {value};", "}"]
            case ChoiceEncoding():
                cases = [(name, self._number(column, choice)) for choice, name in self.members.items()]
                names = "".join(self.declaration)
                cases += [(self.gap, column.gap)] if self.gap in names else []
                cases += [(self.unknown, column.unknown)] if self.unknown in names else []
                lines = [f"switch ({field}) {{"]
                for name, number in cases:
                    if number is None:
                        continue
                    inputs = [f"    input[{at + place}] = {text.number(one)};" for place, one in column.vectors[number]]
                    lines += [f"case {name}:", *inputs, "    break;"]
                return [*lines, "default:", "    return 0;", "}"]
            case DateEncoding():
                return self._date_code(column, at, library)
            case TextEncoding():
                return self._text_code(column, at, library, constants)
        raise NotImplementedError(f"{column.name} has no code in C")

    def _date_code(self, column: DateEncoding, at: int, library: text.Library) -> list[str]:
        library.function("date")
        field, days = f"row->{self.field}", library.function("days")
        day, second = f"{days}({field}.year, {field}.month, {field}.day)", f"({field}.hour * 60 + {field}.minute) * 60L"
        second = f"(int32_t)({second} + {field}.second)"
        year = f"{field}.year"
        begin = [f"    int is_gap = {field}.year == 0;"]
        if column.fill is None:
            begin += ["    if (is_gap) {", "        return 0;", "    }"]
        else:
            day, second = f"is_gap ? {int(column.fill)} : {day}", f"is_gap ? 0 : {second}"
            year = f"is_gap ? {int(years(np.array([column.fill]))[0])} : {year}"
        code, turns = list[str](), list[str]()
        uses_second = "hour" in column.parts
        for part in column.parts:
            if part == "days":
                time = " + (float)second / 86400.0f" if uses_second else ""
                code.append(f"    input[{at}] = (float)(day - {column.first}L){time};")
                at += 1
            elif part == "year":
                code.append(f"    input[{at}] = (float)({year});")
                at += 1
            else:
                start = f"{days}({field}.year, 1, 1)"
                turn = {
                    "month": f"(float)(day - {start}) / (float)({days}({field}.year + 1, 1, 1) - {start})",
                    "weekday": "(float)(((day + 3) % 7 + 7) % 7) / 7.0f",
                    "hour": "(float)second / 86400.0f",
                }[part]
                turns.append(f"        {library.function('turn')}({turn}, input + {at});")
                at += 2
        lines = ["{", *begin[:1], f"    int32_t day = {day};" if _uses_day(column) else ""]
        lines += [f"    int32_t second = {second};" if uses_second else "", *begin[1:], *code]
        lines += ["    if (!is_gap) {", *turns, "    }"] if turns else []
        lines += [f"    input[{at}] = (float)is_gap;"] if column.gap_input else []
        return [*filter(None, lines), "}"]

    def _text_code(self, column: TextEncoding, at: int, library: text.Library, constants: text.Constants) -> list[str]:
        """Counts of words, and tf-idf in their place; zeros for a text that says that there is none."""
        is_text, count_words, tf_idf = (library.function(name) for name in ("is_text", "count_words", "tf_idf"))
        words = _vocabulary(column, self.field, constants)
        weights = constants.array("float", f"{self.field}_weights", np.array(column.weights, np.float32))
        gaps = [f"{is_text}(text, {text.string(one)})" for one in column.missing if one]
        constants.bytes += sum(len(one.encode()) + 1 for one in column.missing)
        return [
            "{",
            f'    const char *text = row->{self.field} ? row->{self.field} : "";',
            *(f'    if ({one}) {{\n        text = "";\n    }}' for one in gaps),
            f"    {count_words}(&{words}, text, input + {at});",
            f"    {tf_idf}({weights}, {len(column.words)}, {text.number(column.size)}, input + {at});",
            "}",
        ]

    def literal(self, cell: Any) -> str:
        """The value of the field for a cell."""
        column, words = self.encodings[0], text_of(cell)
        is_gap = words in Missing(column.missing)
        match column:
            case NumberEncoding():
                value = column.notation.read(words) if isinstance(cell, str) and not is_gap else cell
                return "NAN" if is_gap or value is None else text.number(value, "" if self._is_exact else "f")
            case ChoiceEncoding():
                if is_gap:
                    return self.gap
                # Spellings of a choice have its number; what no encoding knows has that of all unknown texts.
                for one in self.encodings:
                    assert isinstance(one, ChoiceEncoding)
                    number = self._number(one, words)
                    if number is not None and number < len(one.choices):
                        return self.members[one.choices[number]]
                return self.unknown
            case DateEncoding() if not is_gap:
                moment = read_moment(words, column.order, compact=column.compact)
                assert moment is not None
                date = np.datetime64("1970-01-01") + np.timedelta64(moment.day, "D")
                year, month, day = map(int, str(date).split("-"))
                clock = f"{moment.second // 3600}, {moment.second // 60 % 60}, {moment.second % 60}"
                return f"{{{year}, {month}, {day}, {clock}}}"
            case TextEncoding():
                return "0" if is_gap else text.string(words)
        return "{0, 0, 0, 0, 0, 0}"


def _vocabulary(column: TextEncoding, field: str, constants: text.Constants) -> str:
    """The constants by which words are found; the name of the struct that has them."""
    alphabet = Alphabet.of(column.words)
    starts = np.flatnonzero(np.diff(alphabet.classes, prepend=1, append=0))
    classes = np.append(alphabet.classes, 0)[starts]
    order = sorted(range(len(alphabet.codes)), key=alphabet.codes.__getitem__)
    letters = [code for place in order for code in alphabet.codes[place]]
    offsets = np.cumsum([0, *(len(alphabet.codes[place]) for place in order)])
    capital = next((place for place, one in enumerate(alphabet.characters) if one.is_capital_sigma), 0)

    def array(kind: str, name: str, values: Any) -> str:
        return constants.array(f"{kind}_t", f"{field}_{name}", np.array(values, kind))

    fields = [
        array("uint32", "starts", starts),
        array("uint16", "classes", classes),
        array("uint8", "flags", [one.flags for one in alphabet.characters]),
        array("uint16", "codes", [one.code for one in alphabet.characters]),
        len(starts),
        capital,
        alphabet.final_sigma,
        array("uint16", "numbers", alphabet.numbers),
        array("uint32", "offsets", offsets),
        array("uint16", "letters", letters),
        array("uint16", "inputs", order),
        len(order),
    ]
    return constants.struct("vocabulary", f"{field}_words", fields, 8 * text.POINTER + 12)


def _uses_day(column: DateEncoding) -> bool:
    """Whether any input of a date depends on its day."""
    return bool({"days", "month", "weekday"} & set(column.parts))
