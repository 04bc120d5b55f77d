"""How a delimited text is laid out: what separates its cells, and whether its first line names the columns."""

import csv
from collections.abc import Collection, Sequence
from typing import NamedTuple

from mltrain.data.tables.notation import as_number

DELIMITERS = (",", "\t", ";", "|")


class Like(NamedTuple):
    """How the rows were laid out that a model learned from: new ones are probably laid out the same way.

    ``delimiter`` is what was said to separate their cells. ``nameless`` are the columns to predict from, in order, if
    it was said that no header names them.
    """

    delimiter: str | None = None
    nameless: tuple[str, ...] = ()


UNKNOWN = Like()
"""Nothing is known."""


def find_delimiter(lines: Sequence[str], tabs_first: bool, likely: str | None = None) -> str:
    """The separator that cuts the first lines into the most cells, as many in each; the comma if none does.

    One that is ``likely`` is taken if it cuts them into as many in each.
    """
    candidates = sorted(DELIMITERS, key=lambda one: one != "\t") if tabs_first else list(DELIMITERS)
    if likely is not None:
        candidates = [likely, *(one for one in candidates if one != likely)]
    best, most = candidates[0], 1
    for one in candidates:
        try:
            widths = {len(record) for record in records(lines, one) if record}
        except csv.Error:
            continue
        if len(widths) == 1 and (width := widths.pop()) > most:
            if one == likely:
                return one
            best, most = one, width
    if most > 1:
        return best
    # Lines of unequal width are an error, which the reader explains best with the separator that was probably meant.
    return max(candidates, key=lambda one: lines[0].count(one)) if lines else best


def records(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The cells of some lines."""
    return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))


def has_header(rows: Sequence[Sequence[str]], expected: Collection[str], *, likely: bool = True) -> bool:
    """Whether the first row names the columns: it has one of the ``expected`` names, or no number as others have.

    Where none is ``likely``, only the names count.
    """
    first, *others = rows
    if any(cell.strip() in expected for cell in first):
        return True
    return likely and not any(as_number(cell) is not None for cell in first) and bool(others)


def column_names(first: Sequence[str], header: bool) -> tuple[str, ...]:
    """The columns' names: those that the first row gives, and ``column_1``, ``column_2`` for those without one."""
    given = [" ".join(cell.split()) if header else "" for cell in first]  # a quoted name may have several lines
    return tuple(name or f"column_{number}" for number, name in enumerate(given, 1))
