"""Numbers: in which notation a column writes them, and what is subtracted so that large ones keep their resolution."""

import re
from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from msgspec import Meta
from msgspec.structs import replace

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
from mltrain.data.splitting import rows_in_words
from mltrain.data.tables.cells import BadCell, Missing, means_missing, plain_numbers, read_numbers
from mltrain.data.tables.notation import PLAIN, Contradiction, Notation, Reading, as_number, find_notation

if TYPE_CHECKING:
    from mltrain.data.encoding import Encoding

_ODD_SHARE = 0.1
"""The share of cells up to which texts among numbers are oddities."""

_MOST_ODD, _ODD_AMONG = 3, 20
"""Different texts that may stand among numbers; of words without a digit, one more for so many different numbers."""

_LONG = 16
"""Digits from which on a float cannot hold each number."""

_PHONE = re.compile(r"\+[0-9]{7,15}")
_MOST_MISSING_SHARE = 0.6
_FEW = 20
_FEWEST_COUNTED = 10
_NARROW = 1024
_ENOUGH = 50_000
_EXACT = 2.0**24
"""Whole numbers up to this one are exact as float32."""


class NumberReader(ColumnReader):
    """Reads numbers; the first ones decide what is subtracted from all, so that large ones keep their resolution.

    ``plain_only`` refuses what a column that was not looked at as a whole could mean otherwise.
    """

    def __init__(
        self,
        missing: Missing,
        notation: Notation = PLAIN,
        origin: float | None = None,
        also_missing: tuple[str, ...] = (),
    ):
        super().__init__(missing | also_missing)
        self.notation, self.also_missing = notation, also_missing
        self.origin = origin or 0.0
        self._open = origin is None
        self.plain_only = False

    def read(self, cells: Cells) -> Doubles:
        if self.plain_only and not isinstance(cells, np.ndarray):
            _check_plain(cells, self.missing)
        values = read_numbers(cells, self.missing, self.notation)
        if self._open and not np.isnan(values).all():
            self.origin, self._open = _origin(values), False
        return values - self.origin if self.origin else values


def _check_plain(cells: Sequence[str], missing: Missing) -> None:
    """Raises `BadCell` if any cell is no number as programs write it."""
    if plain_numbers(cells) is None and plain_numbers([cell for cell in cells if cell not in missing]) is None:
        raise BadCell(0, "the column holds something else than plain numbers")


def _origin(values: Doubles) -> float:
    """The least of numbers that float32 cannot tell apart well, else 0."""
    low, high = float(np.nanmin(values)), float(np.nanmax(values))
    size, spread = max(abs(low), abs(high)), high - low
    too_close = size > _NARROW * spread if spread else float(np.float32(low)) != low
    return low if too_close or (size > _EXACT and spread < size) else 0.0


class Found(NamedTuple):
    """How a column writes numbers, and which texts among them mean that there is no value."""

    notation: Notation
    missing: tuple[str, ...]


class NumberColumn(LearnedColumn, frozen=True, kw_only=True, tag="number", forbid_unknown_fields=True):
    """A column of numbers. ``fill`` stands in for a missing one; None where none may be missing.

    ``gap_input`` is 1 where the number is missing. Inputs are numbers less ``origin``, which keeps what differs of
    large numbers. ``missing`` are texts that mean that there is no value, besides those of the table.
    """

    fill: float | None = None
    gap_input: bool = False
    origin: float = 0.0
    notation: Notation = PLAIN
    missing: tuple[str, ...] = ()

    @property
    def features(self) -> list[str]:
        return [self.name, f"{self.name} missing"] if self.gap_input else [self.name]

    @property
    def scaled(self) -> list[bool]:
        return [True, False][: 1 + self.gap_input]

    @property
    def needs_values(self) -> bool:
        return self.fill is None

    def reader(self, missing: Missing) -> NumberReader:
        return NumberReader(missing, self.notation, self.origin, self.missing)

    def expand(self, codes: Floats | Doubles, reader: ColumnReader, x: Floats, *, strict: bool) -> None:
        if self.gap_input:
            x[:, 1] = np.isnan(codes[:, 0])
        x[:, 0] = codes[:, 0]
        if self.origin != reader.origin:
            x[:, 0] += reader.origin - self.origin
        if self.fill is not None and (absent := np.isnan(codes[:, 0])).any():
            x[absent, 0] = self.fill - self.origin

    def encoding(self, missing: Missing) -> "Encoding":
        from mltrain.data.encoding import NumberEncoding

        texts = (missing | self.missing).texts
        return NumberEncoding(
            self.name, tuple(self.features), texts, self.notation, self.origin, self.fill, self.gap_input
        )

    def decode(self, x: Floats) -> list[str]:
        if not self.origin:
            return [f"{value:g}" for value in x[:, 0].tolist()]
        return [f"{value:.12g}" for value in (x[:, 0].astype(np.float64) + self.origin).tolist()]


class Number(ColumnKind):
    """Numbers: one input, standardized, and one more that says where a value is missing, if gaps are common.

    Thousands separators, a decimal comma, a currency sign or a unit are understood where all cells of the column agree
    in them. A gap becomes the median of the rows trained on. What begins with 0 and another digit is a code, no number.
    """

    examples: ClassVar[tuple[dict[str, object], ...]] = ({"decimal": ","}, {})
    learned = NumberColumn

    decimal: Annotated[
        Literal[".", ","] | None,
        Meta(description="the decimal sign, where cells such as 1,234 leave it open; by default found"),
    ] = None
    missing_values: Annotated[
        tuple[str, ...], Meta(description="texts among the numbers that mean that there is no value")
    ] = ()

    def examine(self, held: Held) -> Guess | Misfit:
        odd, numbers, codes = [], [], []
        plain = True
        for text in held.counts:
            if text in self.missing_values:
                continue
            is_plain = as_number(text) is not None and not (text[0] == "0" and text[1:2].isdigit())
            if is_plain or isinstance(reading := find_notation([text]), Reading):
                numbers.append(text)
                plain = plain and is_plain
            elif as_number(text) is not None:
                codes.append(text)
            else:
                odd.append(text)
        if codes:
            if not plain or odd:
                return Misfit(codes[0], "begins with 0, as codes do")
            return Guess(self, 0.05, f"{codes[0]!r} begins with 0, as codes do", Found(PLAIN, ()))
        if numbers and all(map(_PHONE.fullmatch, numbers)):
            return Guess(self, 0.05, f"{numbers[0]!r} is written as phone numbers are", Found(PLAIN, ()))
        if not numbers:
            return Misfit(odd[0], "is no number") if odd else Misfit("", "the column is empty")
        reading = Reading(PLAIN) if plain and self.decimal != "," else find_notation(numbers, self.decimal)
        if isinstance(reading, Contradiction):
            return Misfit(*reading)
        negative = next((text for text in numbers if text[-1] in ")-"), None)
        if negative is not None and all(text[-1] in ")-" for text in numbers):
            return Misfit(negative, "is in brackets as all others are" if negative[-1] == ")" else "ends with a minus")
        if (long := _too_long(numbers)) is not None:
            return Guess(self, 0.05, f"{long!r} has more digits than numbers are told apart by", Found(PLAIN, ()))
        if odd and not _are_oddities(held, odd, numbers):
            return Misfit(odd[0], f"stands among numbers, in {rows_in_words(sum(held.counts[text] for text in odd))}")
        found = Found(reading.notation, tuple(filter(means_missing, odd)))
        question = ""
        if reading.other:
            text = next(text for text in numbers if "," in text)
            question = (
                f"{text!r} is read as {reading.notation.read(text):g}; if the comma is a decimal one, write "
                f"columns: {{{held.name}: {{type: number, decimal: ','}}}}"
            )
        reason = _reason(reading.notation, odd)
        if negative is not None:
            reason += f", of which {negative!r} is {reading.notation.read(negative):g}"
        return Guess(self, 0.9, reason, found, odd_texts(held, odd), question)

    def reader(self, missing: Missing, guess: Guess | None) -> NumberReader:
        found = guess.found if guess is not None else Found(Notation(decimal=self.decimal or "."), ())
        return NumberReader(missing, found.notation, None, (*self.missing_values, *found.missing))

    def learn(self, rows: Learning) -> NumberColumn:
        reader = rows.reader
        assert isinstance(reader, NumberReader)
        column = NumberColumn(
            name=rows.name,
            reason=rows.reason,
            origin=reader.origin,
            notation=reader.notation,
            missing=reader.also_missing,
        )
        if rows.gaps in ("error", "drop"):
            return column
        values = rows.codes[:, 0]
        if rows.gap_share:
            values = values[~np.isnan(values)]
        elif rows.gaps is None:  # for gaps of new rows, some of very many numbers tell the median well enough
            values = values[:: max(1, len(values) // _ENOUGH)]
        fill = fill_for(values, rows.gaps or "median")
        is_common = rows.gaps is None and rows.gap_share >= COMMON_GAPS
        return replace(column, fill=fill + reader.origin, gap_input=is_common)


def fill_for(values: Floats, gaps: str) -> float:
    """What stands in for a missing number. Raises `ValueError` where there is none to learn it from."""
    if not values.size:
        raise ValueError("is empty in all rows to train on; name it in ignore")
    if gaps == "most_frequent":
        kinds, counts = np.unique(values, return_counts=True)
        return float(kinds[counts.argmax()])
    return float(np.mean(values, dtype=np.float64) if gaps == "mean" else _median(values))


def _median(values: Floats) -> np.float32:
    """As ``numpy.median``, which first imports ``numpy.ma``: 6 ms and 1 MB."""
    middle = len(values) // 2
    first = middle - (len(values) % 2 == 0)
    halved = np.partition(values, (first, middle))
    return np.mean(halved[first : middle + 1])


def _are_oddities(held: Held, odd: Sequence[str], numbers: Sequence[str]) -> bool:
    """Whether a few texts among numbers say that there is no value, so that the column stays one of numbers."""
    count = sum(held.counts[text] for text in odd)
    are_words = not any(character.isdecimal() for text in odd for character in text)  # and not codes with a letter
    most = max(_MOST_ODD, len(numbers) // _ODD_AMONG) if are_words else _MOST_ODD
    if len(odd) > most or count >= _MOST_MISSING_SHARE * held.present:
        return False
    if all(map(means_missing, odd)):
        return True
    is_repeated = count > 1 and len(numbers) <= _FEW and held.present > 3 * len(numbers)
    return count <= max(1, _ODD_SHARE * held.present) and not is_repeated


def _too_long(texts: Sequence[str]) -> str | None:
    """A text of whole numbers with so many digits that most of them would be the same number."""
    long = [text for text in texts if len(text) >= _LONG and text.isdecimal()]
    return long[0] if 2 * len(set(map(float, long))) < len(long) else None


def _reason(notation: Notation, odd: Sequence[str]) -> str:
    but = f" but {few(odd)}" if odd else ""
    return f"all cells{but} are numbers{notation.in_words}"


def counts_rows(held: Held) -> bool:
    """Whether a column holds nothing but the numbers of the rows, from 0 or 1 on, in any order."""
    if held.missing or held.rows < _FEWEST_COUNTED or len(held.counts) != held.rows:
        return False
    try:
        numbers = sorted(map(int, held.counts))
    except ValueError:
        return False
    return numbers[0] in (0, 1) and numbers[-1] - numbers[0] == held.rows - 1
