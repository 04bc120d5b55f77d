"""How a delimited text is laid out: what separates its cells, and whether its first line names the columns."""

import csv
from collections.abc import Collection, Sequence

from mltrain.data.tables.cells import as_number

DELIMITERS = (",", "\t", ";", "|")


def find_delimiter(lines: Sequence[str], tabs_first: bool) -> str:
    """The separator that cuts the first lines into the most cells, as many in each; the comma if none does."""
    candidates = sorted(DELIMITERS, key=lambda one: one != "\t") if tabs_first else DELIMITERS
    best, most = candidates[0], 1
    for one in candidates:
        try:
            widths = {len(record) for record in records(lines, one) if record}
        except csv.Error:
            continue
        if len(widths) == 1 and (width := widths.pop()) > most:
            best, most = one, width
    if most > 1:
        return best
    # Lines of unequal width are an error, which the reader explains best with the separator that was probably meant.
    return max(candidates, key=lambda one: lines[0].count(one)) if lines else best


def records(lines: Sequence[str], delimiter: str) -> list[list[str]]:
    """The cells of some lines."""
    return list(csv.reader(lines, delimiter=delimiter, skipinitialspace=True))


def has_header(rows: Sequence[Sequence[str]], expected: Collection[str]) -> bool:
    """Whether the first row names the columns: it has one of the ``expected`` names, or no number as others have."""
    first, *others = rows
    if any(cell.strip() in expected for cell in first):
        return True
    return not any(as_number(cell) is not None for cell in first) and bool(others)


def column_names(first: Sequence[str], header: bool) -> tuple[str, ...]:
    """The columns' names: those that the first row gives, and ``column_1``, ``column_2`` for those without one."""
    given = [cell.strip() if header else "" for cell in first]
    return tuple(name or f"column_{number}" for number, name in enumerate(given, 1))
