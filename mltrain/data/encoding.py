"""How a cell of a new row becomes inputs of the network: a small, closed set of encodings, as plain data.

Each kind of column says its own encoding, in its own file (`LearnedColumn.encoding`), so whoever exports a model knows
these encodings and no kind of column. A cell is a number, a text, true or false, or nothing (None, NaN, an empty text).
A gap is a cell that is nothing, or a text of ``missing``; such a text that is a number stands for all spellings of that
number. Texts are compared without the spaces around them.
"""

from dataclasses import dataclass
from typing import ClassVar, Literal

from mltrain.data.tables.notation import Notation


@dataclass(frozen=True)
class Encoding:
    """What all encodings have: the ``column``, the names of the ``inputs`` that it becomes, and the texts of gaps."""

    name: ClassVar[str]
    column: str
    inputs: tuple[str, ...]
    missing: tuple[str, ...]


@dataclass(frozen=True)
class NumberEncoding(Encoding):
    """The number less ``origin``, subtracted in float64.

    A gap is ``fill`` in place of the number; None: a gap is an error. With ``gap_input``, a second input is 1 for a gap
    and 0 otherwise. Texts are read in the ``notation``.
    """

    name = "number"
    notation: Notation
    origin: float
    fill: float | None
    gap_input: bool


@dataclass(frozen=True)
class ChoiceEncoding(Encoding):
    """One of several texts. Each has a number, and ``vectors[number]`` has the inputs that are not 0, and their values.

    ``codes`` finds the number of a text in its canonical spelling (`mltrain.data.tables.cells.canonical`), with
    ``ignores_case`` in small letters. ``choices`` are the texts to offer to people, in the order of their numbers;
    there may be more vectors, for what is no choice. ``gap`` and ``unknown`` are the numbers for a gap and for a text
    that ``codes`` has not; None: it is an error.
    """

    name = "choice"
    choices: tuple[str, ...]
    codes: dict[str, int]
    vectors: tuple[tuple[tuple[int, float], ...], ...]
    gap: int | None
    unknown: int | None
    ignores_case: bool


Part = Literal["days", "year", "month", "weekday", "hour"]


@dataclass(frozen=True)
class DateEncoding(Encoding):
    """A date, with a time or without: ``parts`` become inputs, in their order.

    days: since ``first``, which counts from 1970-01-01; with the time of the day as a fraction if ``hour`` is a part.
    year: the calendar year. month, weekday, hour: sine and cosine of a turn, 2 pi times how far the year (the day in
    the year by 365 or 366), the week (from Monday on) or the day (by its seconds) has gone.
    A gap is the day ``fill`` at midnight, and 0 for sines and cosines; None: a gap is an error. With ``gap_input``, one
    more input is 1 for a gap and 0 otherwise. ``order`` is whether 3/4/2024 begins with the day; ``compact`` texts are
    written as 20240131. `mltrain.data.columns.date.read_moment` reads all forms of texts.
    """

    name = "date"
    order: Literal["day_first", "month_first"]
    compact: bool
    parts: tuple[Part, ...]
    first: int
    fill: float | None
    gap_input: bool


@dataclass(frozen=True)
class TextEncoding(Encoding):
    """Words: an input for each of ``words``, ``(1 + log(count)) * weight``, all scaled to a vector of length ``size``.

    `mltrain.data.columns.text.words_of` says what counts as a word. A gap has no words, so all inputs are 0.
    """

    name = "text"
    words: tuple[str, ...]
    weights: tuple[float, ...]
    size: float


ENCODINGS: tuple[type[Encoding], ...] = (NumberEncoding, ChoiceEncoding, DateEncoding, TextEncoding)
"""All encodings that there are."""
