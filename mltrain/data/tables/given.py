"""Rows that somebody types or has in memory, as a source like any file."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from mltrain.data.tables.source import Block, Source, as_cell


class GivenRows(Source):
    """Rows by column name; ``name`` is what messages call them. A column that a row lacks is an empty cell."""

    def __init__(self, name: str, rows: Sequence[Mapping[str, Any]]):
        self.name, self._rows = name, rows
        self.columns = tuple(dict.fromkeys(column for row in rows for column in row))

    def blocks(self) -> Iterator[Block]:
        columns = [[_cell(row.get(name)) for row in self._rows] for name in self.columns]
        yield Block(columns, 1, range(1, len(self._rows) + 1))


def _cell(value: Any) -> str:
    return str(value) if isinstance(value, bool) else as_cell(value)
