"""How a column writes its numbers: with which decimal sign, thousands separator, currency sign or unit.

A notation is that of a whole column: what one cell leaves open, others decide. Where they contradict each other, the
column has no notation.
"""

import re
from collections.abc import Iterable
from typing import Literal, NamedTuple, cast

import msgspec

_PLAIN = re.compile(r"[-+]?(?:[0-9]+\.?[0-9]*|\.[0-9]+)(?:[eE][-+]?[0-9]+)?")

_CURRENCIES = [
    "$",
    "€",
    "£",
    "¥",
    "₹",
    "₽",
    "₩",
    "₺",
    "₴",
    "₪",
    "฿",
    "US$",
    "A$",
    "C$",
    "R$",
    "kr",
    "Kr",
    "zł",
    "Kč",
    "Ft",
    "Rs",
    "Rs.",
    "CHF",
    "Fr.",
    "USD",
    "EUR",
    "GBP",
    "JPY",
    "CNY",
    "INR",
    "SEK",
    "NOK",
    "DKK",
    "PLN",
    "CAD",
    "AUD",
    "BRL",
]

NUMBER = re.compile(
    r"(?P<sign>[-+]?)\s*(?P<before>" + "|".join(sorted(map(re.escape, _CURRENCIES), key=len, reverse=True)) + r")?\s*"
    r"(?P<sign2>[-+]?)(?P<digits>(?:[.,]?[0-9](?:[0-9.,_' ]*[0-9])?[.,]?))"
    r"(?P<exponent>[eE][-+]?[0-9]+(?![0-9A-Za-z]))?(?P<after>\s*(?:[^\W\d_]|[%‰°$€£¥₹₽₩µ/\"'])"
    r"(?:[^\d.,]|(?<=[A-Za-z])\.(?!\d)){0,15}(?:(?<=[A-Za-z^])[23]|(?<=\^-)[1-4])?)?"
)
NEGATIVE = re.compile(r"(?P<front>[^\d()]*)\((?P<inner>[^()]*)\)|(?P<sum>[^-]*\d[.,]\d+)\s*-")
"""Negative numbers as accountants write them: (1,200) or ($5) or $(5), and 1.200,50- as some programs do."""

_SEPARATORS = ",.'_ "
_ALIKE = str.maketrans({"’": "'", "\u00a0": " ", "\u202f": " ", "\u2009": " ", "−": "-"})


def as_number(cell: str) -> float | None:
    """The number that a cell holds as programs write it (1.5, -3, 2e-7), or None: nan, inf and 1_000 are none."""
    text = cell.strip()
    return float(text) if _PLAIN.fullmatch(text) else None


class Notation(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True, omit_defaults=True):
    """``decimal`` is the decimal sign, ``thousands`` what separates groups of three digits, or nothing.

    ``before`` and ``after`` are the currency sign or the unit that each number has.
    """

    decimal: Literal[".", ","] = "."
    thousands: Literal["", ",", ".", "'", "_", " "] = ""
    before: str = ""
    after: str = ""

    def read(self, cell: str) -> float | None:
        """The number that a cell holds, or None. The currency sign or the unit may be missing, as in typed values."""
        return read_number(cell, self.decimal, self.thousands, self.before, self.after)

    @property
    def in_words(self) -> str:
        """`` with a decimal comma, ...``; empty for numbers as programs write them."""
        said = []
        if self.decimal == ",":
            said.append("a decimal comma")
        if self.thousands:
            said.append(f"{_NAMES.get(self.thousands, repr(self.thousands))} between thousands")
        if self.before:
            said.append(f"{self.before} in front")
        if self.after:
            said.append(f"{self.after} behind")
        return f" with {' and '.join(said)}" if said else ""


_NAMES = {",": "a comma", ".": "a point", " ": "a space", "_": "an underscore", "'": "an apostrophe"}

PLAIN = Notation()


class Contradiction(NamedTuple):
    """Why cells are not numbers of one notation: the ``text`` of one of them, and what is wrong with it."""

    text: str
    why: str


class Reading(NamedTuple):
    """The notation that cells share. ``other`` is the notation that they might have as well, where both fit."""

    notation: Notation
    other: Notation | None = None


class _Parts(NamedTuple):
    sign: str
    before: str
    digits: str
    exponent: str
    after: str


def _take_apart(cell: str) -> _Parts | None:
    text, is_less = cell.strip().translate(_ALIKE), False
    if text and text[-1] in ")-" and (negative := NEGATIVE.fullmatch(text)) is not None:
        text, is_less = (negative["sum"] or negative["front"] + negative["inner"]).strip(), True
    match = NUMBER.fullmatch(text)
    if match is None or bool(match["sign"]) + bool(match["sign2"]) + is_less > 1:
        return None
    sign = "-" if is_less else match["sign"] or match["sign2"]
    return _Parts(sign, match["before"] or "", match["digits"], match["exponent"] or "", (match["after"] or "").strip())


def read_number(cell: str, decimal: str, thousands: str, before: str, after: str) -> float | None:
    """The number that a cell holds in a `Notation`, or None."""
    parts = _take_apart(cell)
    if parts is None or (parts.before, one_of(parts.after)) not in ((before, one_of(after)), ("", "")):
        return None
    whole, sign, fraction = parts.digits.partition(decimal)
    if thousands and thousands in whole:
        groups = whole.split(thousands)
        if not _are_groups(groups):
            return None
        whole = "".join(groups)
    if not (whole + fraction).isdigit() or (sign and thousands and thousands in fraction):
        return None
    return float(f"{parts.sign}{whole or 0}.{fraction or 0}{parts.exponent}")


def one_of(unit: str) -> str:
    """A unit as it stands behind 1: year for years."""
    return unit[:-1] if len(unit) > 3 and unit.endswith("s") else unit


def _are_groups(groups: list[str]) -> bool:
    """Whether these are the digits between separators of thousands: 1,234,567, or 12,34,567 as in India."""
    first, *others = groups
    if not (0 < len(first) <= 3 and others and len(others[-1]) == 3) or first.startswith("0"):
        return False
    return all(len(group) == 3 for group in others) or all(len(group) == 2 for group in others[:-1])


def find_notation(texts: Iterable[str], decimal: str | None = None) -> Reading | Contradiction:
    """The notation in which all of the texts are numbers. ``decimal`` says the decimal sign where that is known."""
    decimals: dict[str, str] = {} if decimal is None else {decimal: ""}
    thousands: dict[str, str] = {}
    either: dict[str, str] = {}
    affixes: dict[tuple[str, str], str] = {}
    units: list[str] = []
    for text in texts:
        parts = _take_apart(text)
        if parts is None:
            return Contradiction(text, "is no number")
        affixes.setdefault((parts.before, one_of(parts.after)), text)
        units.append(parts.after)
        if len(affixes) > 1:
            (first, second) = affixes.values()
            return Contradiction(text, f"and {(first if text == second else second)!r} have different units")
        if (wrong := _sort(parts.digits, text, decimals, thousands, either)) is not None:
            return Contradiction(text, wrong)
    if len(decimals) > 1:
        first, second = (decimals[sign] for sign in ".,")
        if decimal is not None:
            return Contradiction(first or second, f"is no number whose decimal sign is {decimal!r}")
        return Contradiction(second, f"has a decimal comma, but {first!r} a decimal point")
    if len(thousands) > 1:
        first, second, *_ = thousands.values()
        return Contradiction(second, f"separates thousands otherwise than {first!r}")
    before, after = next(iter(affixes), ("", ""))[0], max(units, key=len, default="")
    point = next(iter(decimals), None)
    group = next(iter(thousands), "")
    other: Notation | None = None
    if point is None and group in (",", "."):
        point = "." if group == "," else ","
    if point is not None and not group:
        group = next((sign for sign in either if sign != point), "")
    elif point is None:
        if len(either) > 1:
            return Contradiction(either[","], f"and {either['.']!r} cannot be read in one way")
        sign = next(iter(either), "")
        point, group = (".", ",") if sign == "," else (".", group)
        if sign == ",":
            other = Notation(decimal=",", before=before, after=after)
    if group and group == point:
        text = thousands[group]
        return Contradiction(text, f"has {group!r} between thousands, but {decimals[group]!r} as the decimal sign")
    if leftover := [text for sign, text in either.items() if sign not in (point, group)]:
        return Contradiction(leftover[0], "separates thousands otherwise than the other cells")
    notation = Notation(
        decimal=cast(Literal[".", ","], point or "."),
        thousands=cast(Literal["", ",", ".", "'", "_", " "], group),
        before=before,
        after=after,
    )
    return Reading(notation, other)


def _sort(
    digits: str, text: str, decimals: dict[str, str], thousands: dict[str, str], either: dict[str, str]
) -> str | None:
    """Note which signs of a cell's ``digits`` are certain, and which could be either; or say why it is no number."""
    signs = [sign for sign in digits if sign in _SEPARATORS]
    groups = re.split(f"[{re.escape(_SEPARATORS)}]", digits)
    if not signs:
        return "begins with 0, as codes do" if len(digits) > 1 and digits[0] == "0" else None
    if len(set(signs)) == 1:
        sign = signs[0]
        if len(signs) > 1 or sign not in ",.":
            if not _are_groups(groups):
                return "is no number"
            thousands.setdefault(sign, text)
        elif _are_groups(groups):
            either.setdefault(sign, text)
        else:
            decimals.setdefault(sign, text)
        return None
    *others, last = signs
    if len(set(others)) > 1 or last not in ",." or last in others or not _are_groups(groups[:-1]):
        return "is no number"
    decimals.setdefault(last, text)
    thousands.setdefault(others[0], text)
    return None
