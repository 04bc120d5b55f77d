"""JSON Lines: a JSON object a line, whose keys are the columns. https://jsonlines.org"""

import json
from collections.abc import Iterator
from itertools import chain, islice
from pathlib import Path
from typing import Any

from mltrain.data.tables.source import BLOCK_ROWS, Block, Source, as_cell
from mltrain.data.tables.text_file import TextFile
from mltrain.errors import DataError


class JsonLines(Source):
    """Rows of a JSON Lines file. Columns are the keys of the first rows; a key that a row lacks is an empty cell.

    ``keep`` keeps the objects themselves as the rows of blocks.
    """

    def __init__(self, path: Path | str, *, encoding: str | None = None, keep: bool = False):
        self._file, self._keep = TextFile(path, encoding), keep
        self.name = self._file.name
        try:
            self._rows = self._read()
            first = list(islice(self._rows, BLOCK_ROWS))
            if not first:
                raise DataError(f"{self.name}: the file is empty")
            self.columns = tuple(dict.fromkeys(key for _, row in first for key in row))
            self.check_columns()
        except BaseException:
            self.close()
            raise
        self._rows = chain(first, self._rows)

    @property
    def notes(self) -> list[str]:
        return self._file.notes

    def close(self) -> None:
        self._file.close()

    def blocks(self) -> Iterator[Block]:
        first = 1
        while rows := list(islice(self._rows, self.block_rows)):
            columns = [[as_cell(row.get(column)) for _, row in rows] for column in self.columns]
            yield Block(columns, first, [line for line, _ in rows], [row for _, row in rows] if self._keep else None)
            first += len(rows)

    def _read(self) -> Iterator[tuple[int, dict[str, Any]]]:
        for line, text in enumerate(self._file, 1):
            if not text.strip():
                continue
            try:
                row = json.loads(text)
            except ValueError as error:
                raise DataError(f"{self.name}:{line}: this line is not JSON: {error}") from None
            except RecursionError:
                raise DataError(f"{self.name}:{line}: there are too many brackets within each other") from None
            if not isinstance(row, dict):
                raise DataError(f'{self.name}:{line}: expected an object, as in {{"age": 3}}, got {text.strip()[:40]}')
            yield line, row
