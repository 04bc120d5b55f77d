"""Dates and times: how they are written, and which of their cycles become inputs."""

import datetime
import re
from calendar import isleap
from functools import cache
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from msgspec import Meta

from mltrain.data.columns import (
    COMMON_GAPS,
    Cells,
    ColumnKind,
    ColumnReader,
    Doubles,
    Floats,
    Guess,
    Held,
    LearnedColumn,
    Learning,
    Misfit,
    few,
    odd_texts,
)
from mltrain.data.tables.cells import BadCell, Missing, as_texts, means_missing, unreadable
from mltrain.data.tables.notation import as_number

if TYPE_CHECKING:
    from mltrain.data.encoding import Encoding

Order = Literal["day_first", "month_first"]
Part = Literal["days", "year", "month", "weekday", "hour"]

_EPOCH = datetime.date(1970, 1, 1).toordinal()
_SECONDS = 86400
MONTHS = {
    name: number
    for number, names in enumerate(
        (
            "jan january januar janvier janv enero ene gennaio gen jän jänner januari janeiro styczeń stycznia "
            "января янв ocak",
            "feb february februar février févr fév fev febrero febbraio februari fevereiro luty lutego февраля фев "
            "şubat",
            "mar march märz mär mrz mars marzo mrt maart março marts marzec marca марта мар mart",
            "apr april avril avr abril abr aprile kwiecień kwietnia апреля апр nisan",
            "may mai mayo maggio mag mei maio maj maja мая май mayıs",
            "jun june juni juin junio giugno giu junho czerwiec czerwca июня июн haziran",
            "jul july juli juillet juil julio luglio lug julho lipiec lipca июля июл temmuz",
            "aug august août aout agosto ago augusti augustus sierpień sierpnia августа авг ağustos",
            "sep sept september septembre septiembre settembre set setembro wrzesień września сентября сен сент eylül",
            "oct october okt oktober octobre octubre ottobre ott outubro out październik października октября окт ekim",
            "nov november novembre noviembre novembro listopad listopada ноября ноя нояб kasım",
            "dec december dez dezember décembre déc diciembre dic dicembre dezembro des desember grudzień grudnia "
            "декабря дек aralık",
        ),
        1,
    )
    for name in names.split()
}
_ZONE = r"\s*(?:Z|(?:[A-Z]{3,5})?(?:[+-]\d{2}(?::?\d{2})?)?)(?:\s*\([^()]*\))?(?:\[[^\[\]]*\])?"  # GMT+0100 (CET), +00
TIME = r"(?P<hour>\d{1,2}):(?P<minute>\d{2})(?::(?P<second>\d{2})(?:[.,]\d+)?)?\s*(?P<half>[AaPp]\.?[Mm]\.?)?" + _ZONE
_WITH_TIME = rf"(?:(?:[T,:]|\s+at\s|\s)\s*{TIME})?"
_WEEKDAY = r"(?:[^\W\d_]{2,10}\.?,\s*|(?:Mon|Tue|Wed|Thu|Fri|Sat|Sun)[a-z]*\.?\s+)?"
_DAY = r"(?P<day>\d{1,2})"
_NAME = r"(?P<name>[^\W\d_]{3,12})"
_YEAR = r"(?P<year>\d{4})"
_YEAR_2 = r"(?P<year>\d{4}|\d{2})"
_DATES = (
    rf"{_YEAR}(?P<sign>[-/.])(?P<month>\d{{1,2}})(?P=sign){_DAY}",
    rf"(?P<first>\d{{1,2}})(?P<sign>[-/.])(?P<other>\d{{1,2}})(?P=sign){_YEAR_2}",
    rf"{_DAY}(?:st|nd|rd|th|er|º|\.)?[-\s/]*(?:(?:of|de)\s+)?{_NAME}\.?[-\s,/]+(?:del?\s+)?{_YEAR_2}",
    rf"{_NAME}\.?[-\s]+{_DAY}(?:st|nd|rd|th)?,?[-\s]+{_YEAR}",
    rf"{_YEAR}[-\s/.]{_NAME}[-\s/.]{_DAY}",
    rf"{_NAME}\.?[-\s,/]+(?:de\s+)?{_YEAR}",
    rf"{_NAME}\.?[-/'](?P<year>\d{{2}})",
    rf"{_YEAR}[-\s/]{_NAME}",
    rf"{_YEAR}[-/](?P<month>\d{{1,2}})",
    rf"(?P<month>\d{{1,2}})[-/]{_YEAR}",
    rf"{_YEAR}\s?[年년]\s*(?P<month>\d{{1,2}})\s?[月월]\s*(?:{_DAY}\s?[日일])?",
    rf"{_YEAR}-?W(?P<week>\d{{2}})(?:-?(?P<weekday>[1-7]))?",
    rf"{_YEAR}[-\s/]?[Qq](?P<quarter>[1-4])",
    rf"[Qq](?P<quarter>[1-4])[-\s/]*{_YEAR}",
)
FORMS = (
    *(_WEEKDAY + form + _WITH_TIME for form in _DATES),
    rf"{_WEEKDAY}{_NAME}\s+{_DAY}\s+{TIME}\s+{_YEAR}",  # as C and Unix write it
    rf"{_YEAR}(?P<month>\d{{2}})(?P<day>\d{{2}})[T\s](?P<hour>\d{{2}}):?(?P<minute>\d{{2}})(?::?(?P<second>\d{{2}}))?"
    rf"(?:[.,]\d+)?{_ZONE}",
)
"""How dates are written, with the weekday before and the time behind them. `COMPACT` could be a number as well."""

COMPACT = r"(?P<year>\d{4})(?P<month>\d{2})(?P<day>\d{2})"
_SHORTEST = len("7:05")
_LEAST_COMPACT, _MOST_COMPACT = 19000101, 21001231
_ODD_SHARE, _MOST_ODD = 0.1, 3
"""The share of cells up to which texts among dates are oddities, and how many different ones."""

_FEWEST_COMPACT = 3
"""Different numbers from which on it is no accident that all are dates."""


@cache
def _pattern(form: str) -> re.Pattern[str]:
    """A form of writing dates. All of them take about 8 ms to compile, which most commands need not wait for."""
    return re.compile(form)


def look_compact(numbers: Doubles) -> bool:
    """Whether numbers are as large as dates such as 20240131 are."""
    return bool(numbers.size and numbers.min() >= _LEAST_COMPACT and numbers.max() <= _MOST_COMPACT)


class Moment(NamedTuple):
    """A day, counted from 1970-01-01, and the second of it."""

    day: int
    second: int


def read_moment(text: str, order: Order, *, compact: bool = False) -> Moment | None:
    """The moment that a text is, or None. Written times are taken as they are, whatever time zone they name."""
    text = text.strip()
    if len(text) < _SHORTEST:
        return None
    if (match := _pattern(TIME).fullmatch(text)) is not None:
        second = _second(match.groupdict())
        return None if second is None else Moment(0, second % _SECONDS)
    for form in FORMS:
        if (match := _pattern(form).fullmatch(text)) is not None and (
            found := _moment(match.groupdict(), order)
        ) is not None:
            return found
    if compact and (match := _pattern(COMPACT).fullmatch(text)) is not None:
        return _moment(match.groupdict(), order)
    return None


def _moment(parts: dict[str, str | None], order: Order) -> Moment | None:
    year = int(parts["year"] or 0)
    if len(parts["year"] or "") == 2:
        year += 2000 if year < 69 else 1900
    if first := parts.get("first"):
        both = int(first), int(parts["other"] or 0)
        day, month = both if order == "day_first" else both[::-1]
    else:
        day = int(parts.get("day") or 1)
        named = parts.get("name")
        month = MONTHS.get(named.casefold(), 0) if named else int(parts.get("month") or 0)
    if quarter := parts.get("quarter"):
        month = 3 * int(quarter) - 2
    second = _second(parts) if parts.get("hour") else 0
    try:
        if week := parts.get("week"):
            date = datetime.date.fromisocalendar(year, int(week), int(parts["weekday"] or 1))
        else:
            date = datetime.date(year, month, day)
    except ValueError:
        return None
    # 24:00 is the beginning of the next day.
    return None if second is None else Moment(date.toordinal() - _EPOCH + second // _SECONDS, second % _SECONDS)


def _second(parts: dict[str, str | None]) -> int | None:
    hour, minute, second = (int(parts[name] or 0) for name in ("hour", "minute", "second"))
    if half := parts.get("half"):
        if not 1 <= hour <= 12:
            return None
        hour = hour % 12 + (12 if half[0] in "Pp" else 0)
    found = 3600 * hour + 60 * minute + second
    return found if (hour < 24 and minute < 60 and second < 61) or found == _SECONDS else None


class DateReader(ColumnReader):
    """Reads dates: the day, counted from 1970-01-01, and the second of it."""

    slots: ClassVar[int] = 2

    def __init__(self, missing: Missing, order: Order, also_missing: tuple[str, ...] = (), *, compact: bool = False):
        super().__init__(missing | also_missing)
        self.order, self.also_missing, self.compact = order, also_missing, compact

    def read(self, cells: Cells) -> Doubles:
        known: dict[str, tuple[float, float]] = {}
        texts = as_texts(cells)
        for text in dict.fromkeys(texts):
            if text in self.missing:
                known[text] = (np.nan, np.nan)
                continue
            moment = read_moment(text, self.order, compact=self.compact)
            if moment is None:
                expected = f"a date with the {self.order.partition('_')[0]} first"
                raise BadCell(texts.index(text), unreadable(expected, text.strip()))
            known[text] = moment
        return np.array([known[text] for text in texts], np.float64).reshape(-1, 2)


class DateColumn(LearnedColumn, frozen=True, kw_only=True, tag="date", forbid_unknown_fields=True):
    """A column of dates. ``parts`` are what differs among the rows trained on, ``first`` is the first day there.

    ``fill`` is the day of a gap, whose other inputs are 0; None where none may be missing.
    """

    order: Order
    first: int
    parts: tuple[Part, ...]
    fill: float | None = None
    gap_input: bool = False
    compact: bool = False
    missing: tuple[str, ...] = ()

    @property
    def features(self) -> list[str]:
        names: list[str] = []
        for part in self.parts:
            names += [part] if part in ("days", "year") else [f"{part} sin", f"{part} cos"]
        return [f"{self.name} {name}" for name in (*names, *["missing"] * self.gap_input)]

    @property
    def scaled(self) -> list[bool]:
        flags = [flag for part in self.parts for flag in ([True] if part in ("days", "year") else [False, False])]
        return [*flags, *[False] * self.gap_input]

    @property
    def needs_values(self) -> bool:
        return self.fill is None

    def reader(self, missing: Missing) -> DateReader:
        return DateReader(missing, self.order, self.missing, compact=self.compact)

    def expand(self, codes: Floats | Doubles, reader: ColumnReader, x: Floats, *, strict: bool) -> None:
        absent = np.isnan(codes[:, 0])
        days = np.where(absent, 0 if self.fill is None else self.fill, codes[:, 0]).astype(np.float64)
        seconds = np.where(absent, 0.0, codes[:, 1])
        at = 0
        for part in self.parts:
            if part == "days":
                x[:, at] = days - self.first + (seconds / _SECONDS if "hour" in self.parts else 0)
                at += 1
            elif part == "year":
                x[:, at] = years(days)
                at += 1
            else:
                angle = 2 * np.pi * _turn(part, days, seconds)
                x[:, at] = np.where(absent, 0, np.sin(angle))
                x[:, at + 1] = np.where(absent, 0, np.cos(angle))
                at += 2
        if self.gap_input:
            x[:, at] = absent

    def encoding(self, missing: Missing) -> "Encoding":
        from mltrain.data.encoding import DateEncoding

        texts = (missing | self.missing).texts
        inputs = tuple(self.features)
        return DateEncoding(
            self.name, inputs, texts, self.order, self.compact, self.parts, self.first, self.fill, self.gap_input
        )

    def common(self, x: Floats) -> list[tuple[str, int]]:
        if "days" not in self.parts:
            return super().common(x)
        days = x[:, self.parts.index("days")].astype(np.float64) + self.first
        found, counts = np.unique(years(np.floor(days + 1e-4)), return_counts=True)
        return sorted(zip((f"{year:.0f}" for year in found), counts.tolist(), strict=True), key=lambda item: -item[1])

    def decode(self, x: Floats) -> list[str]:
        gaps = x[:, -1] if self.gap_input else np.zeros(len(x))
        if "days" not in self.parts:
            at = self.features.index(f"{self.name} hour sin") if "hour" in self.parts else None
            turns = np.zeros(len(x)) if at is None else np.arctan2(x[:, at], x[:, at + 1]) / (2 * np.pi) % 1
            return ["" if gap else _clock(turn) for turn, gap in zip(turns.tolist(), gaps.tolist(), strict=True)]
        texts = []
        for value, gap in zip(x[:, self.parts.index("days")].astype(np.float64).tolist(), gaps.tolist(), strict=True):
            day = datetime.date.fromordinal(int(np.floor(value + 1e-4)) + self.first + _EPOCH)
            clock = f" {_clock(value % 1)}" if "hour" in self.parts else ""
            texts.append("" if gap else f"{day}{clock}")
        return texts


def _clock(turn: float) -> str:
    minutes = round(turn * 1440) % 1440
    return f"{minutes // 60:02d}:{minutes % 60:02d}"


def years(days: Doubles) -> Doubles:
    """The calendar year of each day."""
    found: Doubles = days.astype("datetime64[D]").astype("datetime64[Y]").astype(np.float64) + 1970
    return found


def _turn(part: Part, days: Doubles, seconds: Doubles) -> Doubles:
    """How far a cycle has gone at each moment, from 0 to 1: of the year, the week or the day."""
    if part == "hour":
        return seconds / _SECONDS
    if part == "weekday":
        return ((days + 3) % 7) / 7  # 1970-01-01 was a Thursday; Monday is 0
    dates = days.astype("datetime64[D]")
    start = dates.astype("datetime64[Y]").astype("datetime64[D]")
    lengths = np.where([isleap(int(year)) for year in years(days)], 366.0, 365.0)
    turn: Doubles = (dates - start).astype(np.float64) / lengths
    return turn


class Date(ColumnKind):
    """Dates, with or without a time: days since the first, the year, and month, weekday and hour as cycles.

    A cycle is a sine and a cosine, so that December is near January. Only what differs among the rows trained on
    becomes an input. 2024-01-31, 31.1.2024, 1/31/2024, 31 Jan 2024, 12:30 and the like are understood.
    """

    learned = DateColumn
    examples: ClassVar[tuple[dict[str, object], ...]] = ({"order": "day_first"}, {})

    order: Annotated[
        Order | None,
        Meta(description="whether 3/4/2024 is the third of April or the fourth of March; by default found"),
    ] = None

    def examine(self, held: Held) -> Guess | Misfit:
        missing = [text for text in held.counts if means_missing(text)]
        texts = [text for text in held.counts if text not in missing]
        if not texts:
            return Misfit(next(iter(held.counts), ""), "is no date")
        compact = all(map(_pattern(COMPACT).fullmatch, texts))
        strange: list[str] = []
        wrong: dict[Order, str] = {}
        orders: tuple[Order, ...] = ("day_first", "month_first") if self.order is None else (self.order,)
        differs = ""
        for text in texts:
            moments = {order: read_moment(text, order, compact=compact) for order in orders}
            if not any(moments.values()):
                strange.append(text)
                if len(strange) > _MOST_ODD or as_number(text) is not None:
                    return Misfit(strange[0], "is no date" if self.order is None else f"is no date with {self.order}")
                continue
            for order, moment in moments.items():
                if moment is None:
                    wrong.setdefault(order, text)
            if len(wrong) == len(orders):
                text = wrong[orders[0]]
                return Misfit(text, "is no date" if self.order is None else f"is no date with {self.order}")
            if not differs and len(set(moments.values())) > 1:
                differs = text
        if len(strange) == len(texts) or sum(held.counts[text] for text in strange) > _ODD_SHARE * held.present:
            return Misfit(strange[0], "is no date" if self.order is None else f"is no date with {self.order}")
        fit = [order for order in orders if order not in wrong]
        found = FoundDates(fit[0], tuple(missing), compact)
        odd = [*missing, *strange]
        what = "times" if all(":" in text and len(text) <= 8 for text in texts) else "dates"
        reason = f"all cells are {what}" + (f" but {few(odd)}" if odd else "")
        confidence = 0.98
        if compact and (len(texts) < _FEWEST_COMPACT or not look_compact(np.array(texts, np.float64))):
            confidence = 0.4
        if len(fit) == 2 and differs and "." not in differs:
            question = (
                f"{differs!r} is {_spoken(differs, 'day_first')} with the day first, and "
                f"{_spoken(differs, 'month_first')} with the month first; say which: columns: "
                f"{{{held.name}: {{type: date, order: day_first}}}} or month_first"
            )
            return Guess(self, confidence, reason, found, odd_texts(held, odd), question, open=True)
        if differs:
            reason += f", with the {fit[0].partition('_')[0]} first"
        return Guess(self, confidence, reason, found, odd_texts(held, odd))

    def reader(self, missing: Missing, guess: Guess | None) -> DateReader:
        found = guess.found if guess is not None else FoundDates(self.order or "day_first", (), False)
        return DateReader(missing, found.order, found.missing, compact=found.compact)

    def learn(self, rows: Learning) -> DateColumn:
        reader = rows.reader
        assert isinstance(reader, DateReader)
        present = ~np.isnan(rows.codes[:, 0])
        days, seconds = rows.codes[present, 0].astype(np.float64), rows.codes[present, 1].astype(np.float64)
        if not days.size:
            raise ValueError("is empty in all rows to train on; name it in ignore")
        differ: dict[Part, bool] = {
            "days": bool(np.ptp(days)),
            "year": bool(np.ptp(years(days))),
            "month": bool(np.ptp(days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12)),
            "weekday": len(np.unique(days % 7)) > 1,
            "hour": bool(np.ptp(seconds)),
        }
        learns_gaps = rows.gaps not in ("error", "drop")
        return DateColumn(
            name=rows.name,
            reason=rows.reason,
            order=reader.order,
            first=int(days.min()),
            parts=tuple(part for part, differs in differ.items() if differs) or ("days",),
            fill=float(np.floor(np.median(days))) if learns_gaps else None,
            gap_input=rows.gaps is None and rows.gap_share >= COMMON_GAPS,
            compact=reader.compact,
            missing=reader.also_missing,
        )


class FoundDates(NamedTuple):
    """How a column writes dates, and which texts among them mean that there is no value."""

    order: Order
    missing: tuple[str, ...]
    compact: bool


def _spoken(text: str, order: Order) -> str:
    moment = read_moment(text, order)
    assert moment is not None
    day = datetime.date.fromordinal(moment.day + _EPOCH)
    return f"{day.day} {day:%B} {day.year}"
