"""Single cells: which are missing, which are numbers, which are dates."""

import re
from collections.abc import Sequence
from functools import cached_property

import numpy as np
import numpy.typing as npt

from mltrain.data.float32 import LARGEST

DEFAULT_MISSING = ("", "NA", "N/A", "na", "n/a", "NaN", "nan", "NULL", "null", "None", "?")
"""Texts that people and programs write where they have no value."""

_DATE = re.compile(
    r"\d{4}([-/.])\d{1,2}\1\d{1,2}([ T].*)?|\d{1,2}([-/.])\d{1,2}\3(\d{4}|\d{2})( .*)?|\d{1,2}:\d{2}(:\d{2})?"
)
_DECIMAL_COMMA = re.compile(r"[-+]?\d+,\d+")
_LOOKED_AT = 50


class BadCell(ValueError):
    """A cell that cannot be used: which of the cells given, and why."""

    def __init__(self, index: int, message: str):
        super().__init__(message)
        self.index, self.message = index, message


class Missing:
    """The texts that stand for a missing value."""

    def __init__(self, texts: Sequence[str] = DEFAULT_MISSING):
        self.texts = tuple(texts)
        self._known = frozenset(texts)

    def __contains__(self, cell: str) -> bool:
        return cell.strip() in self._known

    @cached_property
    def _numbers(self) -> list[float]:
        """Those of the texts that are numbers, as -999 may be."""
        found = [number for text in self.texts if (number := as_number(text)) is not None]
        return [number for number in found if not np.isnan(number)]

    def blanked(self, values: npt.NDArray[np.float64]) -> npt.NDArray[np.float64]:
        """The numbers with those that stand for a missing value as nan."""
        if self._numbers:
            values = np.where(np.isin(values, self._numbers), np.nan, values)
        return values


def as_number(cell: str) -> float | None:
    """The number that a cell holds, or None."""
    try:
        return float(cell)
    except ValueError:
        return None


def read_numbers(cells: Sequence[str] | npt.NDArray[np.float64], missing: Missing) -> npt.NDArray[np.float64]:
    """The cells as numbers, nan where a value is missing. Raises `BadCell` at the first that is neither."""
    if isinstance(cells, np.ndarray):
        values = cells
    else:
        try:
            values = np.array(list(map(float, cells)), np.float64)
        except ValueError:
            values = np.array([_number_or_nan(index, cell, missing) for index, cell in enumerate(cells)], np.float64)
    values = missing.blanked(values)
    too_large = np.flatnonzero(np.abs(values) > LARGEST)
    if too_large.size:
        index = int(too_large[0])
        raise BadCell(index, f"{cells[index]} does not fit into a 32-bit float, whose limit is {LARGEST:.3g}")
    return values


def _number_or_nan(index: int, cell: str, missing: Missing) -> float:
    number = as_number(cell)
    if number is not None:
        return number
    if cell in missing:
        return np.nan
    raise BadCell(index, f"expected a number, got {cell.strip()!r}{_advice(cell.strip())}")


def _advice(cell: str) -> str:
    if _DECIMAL_COMMA.fullmatch(cell):
        return f"; write a point, not a comma: {cell.replace(',', '.')}"
    return "; if it means that there is no value, add it to missing_values; if the column holds names, to categories"


def look(cells: Sequence[str], missing: Missing) -> bool:
    """Whether a column is one of numbers, to judge by these cells; otherwise it is one of names.

    Raises `BadCell` for what is no use as either: dates, and numbers with a decimal comma.
    """
    present = [index for index, cell in enumerate(cells) if cell not in missing]
    numbers = sum(as_number(cells[index]) is not None for index in present)
    if numbers or not present:
        return 2 * numbers >= len(present)
    for pattern, why in (
        (_DATE, "is a date; turn dates into numbers (year, month, days since ...), or name the column in ignore"),
        (_DECIMAL_COMMA, "has a decimal comma; save the file with decimal points"),
    ):
        if all(pattern.fullmatch(cells[index].strip()) for index in present[:_LOOKED_AT]):
            raise BadCell(present[0], f"{cells[present[0]].strip()!r} {why}")
    return False
