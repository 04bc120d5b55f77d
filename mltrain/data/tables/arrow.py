"""Parquet and Arrow files, by PyArrow."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np

from mltrain.data.tables.source import BLOCK_ROWS, Block, Cells, Source
from mltrain.data.tables.text_file import readable
from mltrain.errors import DataError
from mltrain.system.extras import needed
from mltrain.system.safe_open import open_file

PARQUET, ARROW = (".parquet", ".pq"), (".arrow", ".feather", ".ipc")


class ArrowFile(Source):
    """A table in a Parquet or Arrow (Feather) file, by how its name ends. Where messages say lines, these are rows."""

    def __init__(self, path: Path | str):
        self.name = str(path)
        is_parquet = Path(path).suffix.lower() in PARQUET
        module = needed(
            "pyarrow.parquet" if is_parquet else "pyarrow.ipc", "reading Parquet and Arrow files", "parquet"
        )
        self._errors = needed("pyarrow", "reading Parquet and Arrow files", "parquet").ArrowException
        with readable(self.name), self._reading():
            open_file(path).close()  # or else a pipe would be waited for
            self._file: Any = module.ParquetFile(path) if is_parquet else module.open_file(str(path))
        self._is_parquet = is_parquet
        self.columns = tuple((self._file.schema_arrow if is_parquet else self._file.schema).names)

    def most_rows(self) -> int:
        if self._is_parquet:
            return int(self._file.metadata.num_rows)
        return sum(self._file.get_batch(index).num_rows for index in range(self._file.num_record_batches))

    def close(self) -> None:
        if self._is_parquet:
            self._file.close()

    def blocks(self) -> Iterator[Block]:
        first = 1
        with self._reading():
            for batch in self._batches():
                stop = first + batch.num_rows
                yield Block([_cells(column) for column in batch.columns], first, range(first, stop))
                first = stop

    def _batches(self) -> Iterator[Any]:
        if self._is_parquet:
            yield from self._file.iter_batches(BLOCK_ROWS)
            return
        for index in range(self._file.num_record_batches):
            batch = self._file.get_batch(index)
            for start in range(0, batch.num_rows, BLOCK_ROWS):
                yield batch.slice(start, BLOCK_ROWS)

    def _reading(self) -> "_Reading":
        return _Reading(self.name, self._errors)


class _Reading:
    """Turns PyArrow's errors into ones that name the file."""

    def __init__(self, name: str, errors: type[Exception]):
        self._name, self._errors = name, errors

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        if isinstance(error, self._errors):
            raise DataError(f"{self._name}: cannot be read: {error}") from error


def _cells(column: Any) -> Cells:
    """Numbers as numbers, with nan for nulls; everything else as text, with empty cells for nulls."""
    kind = str(column.type)
    if kind.startswith(("int", "uint", "float", "double", "half", "decimal")):
        return np.array(column.cast("float64").to_numpy(zero_copy_only=False), np.float64)
    return ["" if value is None else str(value) for value in column.to_pylist()]
