"""What the columns of a file hold, and which kind each is, before anything is learned from it."""

import re
from collections import Counter
from collections.abc import Collection, Sequence

from mltrain.data.columns import ColumnKind, Guess, Held, Misfit
from mltrain.data.columns.identifier import Identifier, numbers_of_things
from mltrain.data.tables.cells import Missing, as_texts
from mltrain.data.tables.source import Source

MOST_KEPT = 20_000
"""Different texts of a column that are looked at."""

_NUMBERED = re.compile(r"column_\d+")


class _Tally:
    """What is known of a column so far."""

    def __init__(self, name: str, missing: Missing):
        self.name, self._missing = name, missing
        self.counts: dict[str, int] = {}
        self.first: dict[str, int] = {}
        self.rows = self.absent = 0
        self.all_kept = True

    def add(self, cells: Sequence[str], first: int) -> None:
        """Take a block of cells into account, the first of which stands in row ``first``."""
        rows = dict(zip(reversed(cells), range(first + len(cells) - 1, first - 1, -1), strict=True))
        for cell, count in Counter(cells).items():
            text = cell.strip()
            if text in self._missing:
                self.absent += count
            elif text in self.counts:
                self.counts[text] += count
            elif len(self.counts) < MOST_KEPT:
                self.counts[text], self.first[text] = count, rows[cell]
            else:
                self.all_kept = False
        self.rows += len(cells)


def profile(source: Source, missing: Missing, names: Collection[str] | None = None) -> list[Held]:
    """Look at all rows of a file, opened as text, and at these of its columns. Raises `DataError`."""
    tallies = {name: _Tally(name, missing) for name in source.columns if names is None or name in names}
    for block in source.blocks():
        for name, cells in zip(source.columns, block.columns, strict=True):
            if name in tallies:
                tallies[name].add(as_texts(cells), block.first)
    without = [name for name in source.columns if _NUMBERED.fullmatch(name)]
    unnamed = without if len(without) == 1 < len(source.columns) else []
    return [
        Held(one.name, one.rows, one.absent, one.counts, one.first, one.all_kept, one.name in unnamed)
        for one in tallies.values()
    ]


def recognize(held: Held) -> Guess:
    """The kind that a column most probably is."""
    if (things := numbers_of_things(held)) is not None and isinstance(Identifier().examine(held), Misfit):
        return things
    found = [kind().examine(held) for kind in ColumnKind.family if issubclass(kind, ColumnKind)]
    return max((guess for guess in found if isinstance(guess, Guess)), key=lambda guess: guess.confidence)
