"""The columns of a table in C: fields of a struct, enums of names, and the code that makes inputs of them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mltrain.data.columns.date import read_moment, years
from mltrain.data.encoding import ChoiceEncoding, DateEncoding, Encoding, NumberEncoding
from mltrain.data.tables.cells import Missing, canonical
from mltrain.export import c_text as text
from mltrain.export.base import Identifiers
from mltrain.export.runtime.cells import text_of


def columns_in_c(columns: Sequence[Encoding], prefix: str) -> "list[Column]":
    """The columns with the names of their fields."""
    names = Identifiers(text.KEYWORDS)
    return [Column(column, prefix, names(column.column)) for column in columns]


class Column:
    """A column in C: a field of the struct of a row, and the code that makes inputs of it."""

    def __init__(self, encoding: Encoding, prefix: str, field: str):
        self.encoding, self.prefix, self.field = encoding, prefix, field
        self.members: list[str] = []
        if isinstance(encoding, ChoiceEncoding):
            names, begin = Identifiers(), f"{prefix}_{field}".upper()
            self.members = [names(f"{begin}_{choice}".upper()) for choice in encoding.choices]
            self.gap, self.unknown = names(f"{begin}_MISSING"), names(f"{begin}_UNKNOWN")

    @property
    def kind(self) -> str:
        """The type of the field."""
        match self.encoding:
            case NumberEncoding():
                return "double" if self.encoding.origin else "float"
            case ChoiceEncoding():
                return f"enum {self.prefix}_{self.field}"
        return f"{self.prefix}_date"

    @property
    def told(self) -> str:
        """What the field holds, for a comment."""
        column = self.encoding
        match column:
            case NumberEncoding():
                unit = column.notation.before or column.notation.after
                gap = "; NAN where it is missing" if column.fill is not None else ""
                return f"{column.column}{f', in {unit}' if unit else ''}{gap}"
            case DateEncoding():
                return column.column + ("; year 0 where it is missing" if column.fill is not None else "")
        return column.column

    @property
    def declaration(self) -> list[str]:
        """The enum of the names."""
        column = self.encoding
        if not isinstance(column, ChoiceEncoding):
            return []
        more = [name for name, there in ((self.gap, column.gap), (self.unknown, column.unknown)) if there is not None]
        told = ", ".join(column.choices)
        told = told if len(told) < 100 else f"{told[:100]} ..."
        head = f"/* {text.comment(column.column)}: {text.comment(told)} */"
        return [head, f"enum {self.prefix}_{self.field} {{", *text.values([*self.members, *more]), "};", ""]

    def code(self, at: int, library: text.Library) -> list[str]:
        """The statements that write the inputs from number ``at`` on."""
        field, column = f"row->{self.field}", self.encoding
        match column:
            case NumberEncoding():
                value = f"(float)({field} - {text.number(column.origin, '')})" if column.origin else field
                gap = ["    return 0;"]
                if column.fill is not None:
                    gap = [f"    input[{at}] = {text.number(column.fill - column.origin)};"]
                    gap += [f"    input[{at + 1}] = 1.0f;"] if column.gap_input else []
                return [f"if ({field} != {field}) {{", *gap, "} else {", f"    input[{at}] = {value};", "}"]
            case ChoiceEncoding():
                cases = [*zip(self.members, range(len(self.members)), strict=True)]
                cases += [(self.gap, column.gap)] if column.gap is not None else []
                cases += [(self.unknown, column.unknown)] if column.unknown is not None else []
                lines = [f"switch ({field}) {{"]
                for name, number in cases:
                    inputs = [f"    input[{at + place}] = {text.number(one)};" for place, one in column.vectors[number]]
                    lines += [f"case {name}:", *inputs, "    break;"]
                return [*lines, "default:", "    return 0;", "}"]
            case DateEncoding():
                return self._date_code(column, at, library)
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

    def literal(self, cell: Any) -> str:
        """The value of the field for a cell."""
        column = self.encoding
        words = text_of(cell)
        is_gap = words in Missing(column.missing)
        match column:
            case NumberEncoding():
                value = column.notation.read(words) if isinstance(cell, str) and not is_gap else cell
                return "NAN" if is_gap or value is None else text.number(value, "" if column.origin else "f")
            case ChoiceEncoding():
                if is_gap:
                    return self.gap
                spelled = canonical(words)
                number = column.codes.get(spelled.casefold() if column.ignores_case else spelled, column.unknown)
                return self.members[number] if number is not None and number < len(self.members) else self.unknown
            case DateEncoding() if not is_gap:
                moment = read_moment(words, column.order, compact=column.compact)
                assert moment is not None
                date = np.datetime64("1970-01-01") + np.timedelta64(moment.day, "D")
                year, month, day = map(int, str(date).split("-"))
                clock = f"{moment.second // 3600}, {moment.second // 60 % 60}, {moment.second % 60}"
                return f"{{{year}, {month}, {day}, {clock}}}"
        return "{0, 0, 0, 0, 0, 0}"


def _uses_day(column: DateEncoding) -> bool:
    """Whether any input of a date depends on its day."""
    return bool({"days", "month", "weekday"} & set(column.parts))
