"""What the columns of a file hold, before anything is decided about them."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.tables.cells import BadCell, Missing, as_number, look
from mltrain.data.tables.format import as_texts
from mltrain.data.tables.source import Source
from mltrain.data.tables.survey import MOST_CATEGORIES

Kind = Literal["numbers", "names", "mixed", "unusable", "empty"]

_FEW = 10
"""So many different names are categories in any table, however short."""


class ColumnProfile(NamedTuple):
    """One column. ``distinct`` counts different values, up to one more than a column of categories may hold.

    ``whole`` says that all of them are whole numbers.
    """

    name: str
    kind: Kind
    rows: int
    missing: int
    distinct: int
    whole: bool = False

    @property
    def constant(self) -> bool:
        """Whether all rows hold the same."""
        return self.distinct <= 1

    @property
    def identifies(self) -> bool:
        """Whether this is a column of names of which most rows have one of their own: it says who, not what."""
        return self.kind == "names" and (
            self.distinct > MOST_CATEGORIES or self.rows > 20 < 2 * self.distinct > self.rows
        )


class _Tally:
    """What is known of a column so far."""

    def __init__(self, name: str, missing: Missing):
        self.name, self._missing = name, missing
        self._counts: dict[str, int] = {}
        self._blocks: list[npt.NDArray[np.float64]] = []
        self._rows = self._absent = 0
        self._unusable = False

    def add(self, cells: Sequence[str]) -> None:
        """Take a block of cells into account."""
        if not self._rows:
            try:
                look(cells, self._missing)
            except BadCell:
                self._unusable = True
        present = [cell.strip() for cell in cells if cell not in self._missing]
        self._rows += len(cells)
        self._absent += len(cells) - len(present)
        numbers = [number for cell in present if (number := as_number(cell)) is not None]
        self._blocks.append(np.array(numbers, np.float64))
        for cell in present:
            if cell in self._counts or len(self._counts) <= MOST_CATEGORIES:
                self._counts[cell] = self._counts.get(cell, 0) + 1

    def profile(self) -> ColumnProfile:
        values = np.concatenate(self._blocks)
        present = self._rows - self._absent
        base = ColumnProfile(self.name, "empty", self._rows, self._absent, len(self._counts))
        if not present:
            return base
        if self._unusable:
            return base._replace(kind="unusable")
        if len(values) == present:
            return base._replace(kind="numbers", whole=bool((values == np.floor(values)).all()))
        return base._replace(kind="mixed" if 2 * len(values) >= present else "names")


def profile(source: Source, missing: Missing) -> list[ColumnProfile]:
    """Look at all rows of a file, opened as text. Raises `DataError`."""
    tallies = [_Tally(name, missing) for name in source.columns]
    for block in source.blocks():
        for tally, cells in zip(tallies, block.columns, strict=True):
            tally.add(as_texts(cells))
    return [tally.profile() for tally in tallies]
