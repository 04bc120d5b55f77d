"""Single cells: which are missing, which are numbers, and which are two spellings of one value."""

import re
from collections.abc import Iterable, Sequence

import numpy as np
import numpy.typing as npt

from mltrain.data.float32 import LARGEST
from mltrain.data.tables.notation import PLAIN, Notation, as_number
from mltrain.errors import Worded

DEFAULT_MISSING = ("", "NA", "N/A", "na", "n/a", "NaN", "nan", "NULL", "null", "None", "?")
"""Texts that people and programs write where they have no value."""

_UNMISTAKABLE = frozenset(
    [
        "-",
        "--",
        "---",
        ".",
        "..",
        "...",
        "…",
        "–",
        "—",
        "?",
        "??",
        "*",
        "na",
        "n/a",
        "n.a.",
        "n.a",
        "#na",
        "#n/a",
        "n/d",
        "nd",
        "n.d.",
        "k.a.",
        "k. a.",
        "n.v.",
        "n.b.",
        "s/d",
        "(blank)",
        "<empty>",
        "nan",
        "nil",
        "null",
        "none",
        "(null)",
        "(none)",
        "<na>",
        "<null>",
        "missing",
        "(missing)",
        "unknown",
        "(unknown)",
        "unbekannt",
        "inconnu",
        "desconocido",
        "undefined",
        "#value!",
        "#null!",
        "#ref!",
        "#div/0!",
        "#num!",
        "#name?",
        "#nv",
        "#wert!",
        "#bezug!",
        "#valeur!",
        "1.#qnan",
        "-1.#ind",
        "0000-00-00",
        "0000-00-00 00:00:00",
    ]
) | {"not available", "not applicable", "no data", "no answer", "keine angabe", "non disponible", "sin datos"}

_INFINITE = ("inf", "+inf", "-inf", "infinity", "-infinity")
"""Spellings of infinity, which is no number of a table, but a value of Parquet files."""

_PLAIN_CHARACTERS = frozenset("0123456789+-.eE \t\n")
_AT_ONCE = 50_000
"""Characters that are looked at together. Arrays of more than 128 KB are fresh memory each time, which is slow."""

_ZERO, _TEN = np.uint8(ord("0")), np.uint8(10)
_SIGNS = np.uint8(ord("+"))
"""Below it are spaces, line ends and quotes, and nothing that a number has."""
_CODE = re.compile(r"(?:^|\n)[ \t]*0[0-9]")
_INTEGER = re.compile(r"([-+]?)0*([0-9]+)\.?0*")
_DECIMAL = re.compile(r"[-+]?(?:0|[1-9][0-9]*)\.[0-9]*")


class BadCell(ValueError):
    """A cell that cannot be used: which of the cells given, and why."""

    def __init__(self, index: int, message: str):
        super().__init__(message)
        self.index, self.message = index, message


class Missing:
    """The texts that stand for a missing value. Those that are numbers match however they are written."""

    def __init__(self, texts: Iterable[str] = DEFAULT_MISSING):
        self.texts = tuple(texts)
        self._known = frozenset(self.texts)
        self._numbers = {number for text in self.texts if (number := as_number(text)) is not None}
        self._numbers |= {float(text) for text in self.texts if text.casefold() in _INFINITE}

    def __contains__(self, cell: str) -> bool:
        text = cell.strip()
        if text in self._known:
            return True
        return bool(self._numbers) and (number := as_number(text)) is not None and number in self._numbers

    def __or__(self, texts: Iterable[str]) -> "Missing":
        more = [text for text in texts if text not in self._known]
        return Missing((*self.texts, *more)) if more else self

    def blanked(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The numbers with those that stand for a missing value as NaN."""
        if self._numbers:
            values = np.where(np.isin(values, list(self._numbers)), np.nan, values)
        return values


def means_missing(text: str) -> bool:
    """Whether a text among numbers cannot mean anything but that there is no value."""
    return text.strip().casefold() in _UNMISTAKABLE


def canonical(text: str) -> str:
    """The one spelling of a value, whatever file it comes from: 1 for 1.0, true for True, 2.5 for 2.50."""
    text = text.strip()
    if text and text[0] in "+-0123456789" and (number := as_number(text)) is not None:
        if text.isdigit() and (text[0] != "0" or len(text) == 1):
            return text
        if _DECIMAL.fullmatch(text):
            return f"{number:.0f}" if number.is_integer() else repr(number)
        return text  # a code such as 007 or 1e5
    folded = text.casefold()
    return folded if folded in ("true", "false") else text


def plain_numbers(cells: Sequence[str]) -> npt.NDArray[np.float64] | None:
    """The cells as numbers, if every one is a number as programs write it, without a code such as 01067 among them."""
    try:
        values = np.array(list(map(float, cells)), np.float64)
    except ValueError:
        return None
    text = "\n".join(cells)
    # float() also takes nan, infinity, 1_000 and the digits of other scripts.
    return values if set(text) <= _PLAIN_CHARACTERS and _CODE.search(text) is None else None


def holds_codes(lines: Sequence[str], delimiter: str) -> bool:
    """Whether a cell of these lines begins with 0 and another digit, as 01067 does, which a number does not."""
    step = max(1, _AT_ONCE // (len(lines[0]) + 1))
    return any(_hold_codes(lines[at : at + step], delimiter) for at in range(0, len(lines), step))


def _hold_codes(lines: Sequence[str], delimiter: str) -> bool:
    characters = np.frombuffer("".join(["\n", *lines, "\n"]).encode("latin-1", "replace"), np.uint8)
    # Passes over bytes, without the places of all zeros: numbers have many, and codes are rare.
    found = characters[1:-1] == _ZERO
    found &= characters[2:] - _ZERO < _TEN  # bytes below "0" wrap around
    before = characters[:-2]
    begins = before < _SIGNS
    if ord(delimiter) >= _SIGNS:
        begins |= before == ord(delimiter)
    found &= begins
    return bool(found.any())


def read_numbers(
    cells: Sequence[str] | npt.NDArray[np.float64], missing: Missing, notation: Notation = PLAIN
) -> npt.NDArray[np.float64]:
    """The cells as numbers, NaN where a value is missing. Raises `BadCell` at the first that is neither."""
    if isinstance(cells, np.ndarray):
        values = missing.blanked(cells)
    elif notation == PLAIN and (plain := plain_numbers(cells)) is not None:
        values = missing.blanked(plain)
    else:
        known: dict[str, float | None] = {}
        for text in set(cells):
            known[text] = np.nan if text in missing else notation.read(text)
        found = [known[cell] for cell in cells]
        if None in found:
            index = found.index(None)
            raise BadCell(index, unreadable(f"a number{notation.in_words}", cells[index].strip()))
        values = np.array(found, np.float64)
    too_large = np.flatnonzero(np.abs(values) > LARGEST)
    if too_large.size:
        index = int(too_large[0])
        if np.isinf(values[index]) and isinstance(cells, np.ndarray):
            raise BadCell(index, unreadable("a number", str(values[index])))
        raise BadCell(index, f"{cells[index]} does not fit into a 32-bit float, whose limit is {LARGEST:.3g}")
    return values


def unreadable(expected: str, text: str) -> str:
    """What to say of a cell that is not what its column holds."""
    return Worded.about_config(
        f"expected {expected}, got {text!r}",
        "; if it means that there is no value, add it to missing_values; if the column holds names, to categories",
    )


def as_texts(cells: Sequence[str] | npt.NDArray[np.float64]) -> Sequence[str]:
    """Cells as texts: whole numbers without a decimal point."""
    if not isinstance(cells, np.ndarray):
        return cells
    return ["" if np.isnan(cell) else f"{cell:.0f}" if cell.is_integer() else repr(cell) for cell in cells.tolist()]
