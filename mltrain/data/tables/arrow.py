"""Parquet and Arrow files, by PyArrow, which reads them in a process of its own: it may crash on a damaged file."""

import os
import sys
from collections.abc import Collection, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO, cast

import numpy as np

from mltrain.data.tables import arrow_worker
from mltrain.data.tables.arrow_worker import ARROW_MAGIC, PARQUET_MAGIC, STREAM_MAGIC
from mltrain.data.tables.foreign import LOOKED_AT, refuse_foreign
from mltrain.data.tables.source import Block, Cells, Source
from mltrain.data.tables.text_file import readable
from mltrain.errors import DataError, reason
from mltrain.system.safe_open import open_file

if TYPE_CHECKING:  # most tables are text, and need none of its memory
    import subprocess

PARQUET, ARROW = (".parquet", ".pq"), (".arrow", ".arrows", ".feather", ".ipc")

MAGIC = (PARQUET_MAGIC, ARROW_MAGIC)
"""How such files begin, whatever their names; an Arrow stream begins as other files may."""


class ArrowFile(Source):
    """A table in a Parquet or Arrow (Feather) file. Where messages say lines, these are rows.

    Only the columns that are used are converted. ``as_text`` keeps the spelling of numbers that are names; ``keep``
    keeps all values as the rows of blocks.
    """

    def __init__(self, path: Path | str, *, as_text: bool = False, keep: bool = False):
        self.name, self._as_text, self._keep = str(path), as_text, keep
        if find_spec("pyarrow") is None:
            raise DataError(
                "reading Parquet and Arrow files needs the package pyarrow; "
                "install it with: pip install 'mltrain[parquet]'"
            )
        with readable(self.name), open_file(path) as file:  # or else a pipe would be waited for
            start = file.read(LOOKED_AT)
        if not start.startswith((*MAGIC, STREAM_MAGIC)):
            refuse_foreign(self.name, start)
            raise DataError(
                f"{self.name}: cannot be read: this is no Parquet or Arrow file; for a table of text, write type: csv"
            )
        self._process = _start(path)
        self._ended = False
        try:
            opened = self._next()
            if not isinstance(opened, arrow_worker.Opened):
                raise self._damaged()
            self.columns, self._rows, self._unusable = tuple(opened.columns), opened.rows, opened.unusable
            self.check_columns()
        except BaseException:
            self.close()
            raise
        self._used: Collection[str] = self.columns

    @property
    def unusable(self) -> dict[str, str]:
        return self._unusable

    def use(self, columns: Collection[str], texts: Collection[str] = ()) -> None:
        self._used, self._as_text = frozenset(columns), self._as_text or bool(texts)

    def most_rows(self) -> int:
        return self._rows

    def close(self) -> None:
        self._process.kill()
        self._process.wait()
        for pipe in (self._process.stdin, self._process.stdout):
            if pipe is not None:
                pipe.close()

    def blocks(self) -> Iterator[Block]:
        used = [name for name in self.columns if name in self._used] or list(self.columns[:1])
        with readable(self.name):
            try:
                wanted = arrow_worker.Wanted(used, self.block_rows, self._as_text, self._keep)
                arrow_worker.send(cast(BinaryIO, self._process.stdin), wanted)
            except BrokenPipeError:
                raise self._damaged() from None
        first = 1
        while isinstance(rows := self._next(), arrow_worker.Rows):
            stop = first + rows.count
            cells = dict(zip(used, map(_as_cells, rows.cells), strict=True))
            nothing: Cells = [""] * rows.count
            values = rows.values
            yield Block(
                [cells.get(name, nothing) for name in self.columns],
                first,
                range(first, stop),
                None if values is None else _objects(values),
            )
            first = stop

    def _next(self) -> arrow_worker.Message:
        """What comes next from the process. Raises `DataError`."""
        message = arrow_worker.receive(cast(BinaryIO, self._process.stdout))
        if isinstance(message, arrow_worker.Failed):
            raise DataError(f"{self.name}: {message.why}")
        if message is None:
            raise self._damaged()
        return message

    def _damaged(self) -> DataError:
        """What to say when the process has ended, or does not make sense any more."""
        import signal

        self._process.kill()
        code = self._process.wait()
        what = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        advice = "; or memory ran out" if what == "SIGKILL" else ""
        return DataError(
            f"{self.name}: cannot be read: the process that read it has crashed ({what}), so the file is probably "
            f"damaged: write it again{advice}"
        )


def _start(path: Path | str) -> "subprocess.Popen[bytes]":
    """A process that reads the file. It finds packages where this one does."""
    import subprocess

    places = os.pathsep.join(place for place in sys.path if place)
    try:
        return subprocess.Popen(  # noqa: S603 - it is our own program
            [sys.executable, "-P", arrow_worker.__file__, str(path)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": places, "OPENBLAS_NUM_THREADS": "1"},
        )
    except OSError as error:
        raise DataError(f"{path}: cannot be read: no process can be started: {reason(error)}") from error


def _objects(values: Mapping[str, Sequence[Any]]) -> list[dict[str, Any]]:
    """The rows, whose values are given by column."""
    return [dict(zip(values, row, strict=True)) for row in zip(*values.values(), strict=True)]


def _as_cells(cells: bytes | list[str]) -> Cells:
    return np.frombuffer(cells, np.float64) if isinstance(cells, bytes) else cells
