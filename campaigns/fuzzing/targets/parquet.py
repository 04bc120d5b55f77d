import datetime
import io
import signal
from decimal import Decimal
from pathlib import Path
from random import Random
from typing import Any

import pyarrow
import pyarrow.parquet

from campaigns.fuzzing.mutations import change_bytes
from campaigns.fuzzing.targets import Target
from mltrain.data.tables.arrow import ArrowFile

ROWS = 120

SECONDS = 100
"""How long the process that reads may take, on a machine that does other things."""


def table() -> Any:
    """A table with a column of every kind that is read, and of one that is not."""
    day = datetime.datetime(2024, 1, 31, 5, 6, 7)
    return pyarrow.table(
        {
            "number": pyarrow.array([row / 3 for row in range(ROWS)]),
            "gaps": pyarrow.array([None, 1, 2**60] * (ROWS // 3), pyarrow.int64()),
            "name": pyarrow.array(["cat", "dog", "é"] * (ROWS // 3)),
            "code": pyarrow.array(["a", "b", None] * (ROWS // 3)).dictionary_encode(),
            "flag": pyarrow.array([True, False, None] * (ROWS // 3)),
            "when": pyarrow.array([day] * ROWS, pyarrow.timestamp("us", "Europe/Berlin")),
            "price": pyarrow.array([Decimal("1.10")] * ROWS, pyarrow.decimal128(20, 2)),
            "bytes": pyarrow.array([b"abc"] * ROWS),
            "list": pyarrow.array([[1, 2], [], None] * (ROWS // 3)),
        }
    )


class ParquetTarget(Target):
    """a Parquet file, changed in its bytes"""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder)
        self._files = []
        for options in ({}, {"compression": "none", "use_dictionary": False}, {"row_group_size": 50, "version": "1.0"}):
            content = io.BytesIO()
            pyarrow.parquet.write_table(table(), content, **options)
            self._files.append(content.getvalue())

    def mutated(self, rng: Random) -> dict[str, bytes]:
        return {"rows.parquet": change_bytes(rng, rng.choice(self._files), self._files)}

    def read(self) -> None:
        read(self.folder / "rows.parquet")


def read(path: Path) -> None:
    """Read all that can be read, with values to keep; the process that does it may die, but not hang."""

    def too_long(*_: object) -> None:
        raise AssertionError(f"the process that reads was not done in {SECONDS} seconds")

    before = signal.signal(signal.SIGALRM, too_long)
    signal.alarm(SECONDS)
    try:
        with ArrowFile(path, keep=True) as source:
            source.use([name for name in source.columns if name not in source.unusable])
            for block in source.blocks():
                assert len(block.columns) == len(source.columns)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)
