"""A file of rows, whatever its kind."""

import sys
from collections.abc import Collection
from io import BufferedReader
from pathlib import Path
from typing import cast

from mltrain.data.tables.arrow import ARROW, MAGIC, PARQUET, ArrowFile
from mltrain.data.tables.delimited import DelimitedFile
from mltrain.data.tables.foreign import LOOKED_AT
from mltrain.data.tables.json_lines import JsonLines
from mltrain.data.tables.layout import UNKNOWN, Like
from mltrain.data.tables.source import Source
from mltrain.data.tables.text_file import STDIN, readable
from mltrain.data.unpacking import open_unpacked
from mltrain.system.safe_open import open_file

JSON_LINES = {".jsonl", ".ndjson"}
"""What the names of JSON Lines files end with, perhaps before ``.gz``."""


def is_arrow(path: Path | str) -> bool:
    """Whether a file is Parquet or Arrow, by its name or by how it begins. Raises `DataError`."""
    if Path(path).suffix.lower() in (*PARQUET, *ARROW):
        return True
    if str(path) == STDIN:
        return False
    with readable(str(path)), open_file(path) as file:
        return file.read(8).startswith(MAGIC)


def is_json_lines(path: Path | str) -> bool:
    """Whether a file is JSON Lines, by its name, or the standard input by how it begins. Raises `DataError`."""
    if str(path) == STDIN:
        start = cast(BufferedReader, sys.stdin.buffer).peek(1)
        return start.lstrip()[:1] == b"{"
    endings = {suffix.lower() for suffix in Path(path).suffixes}
    if ".json" in endings:
        with readable(str(path)), open_unpacked(path) as file:
            return file.read(LOOKED_AT).lstrip()[:1] == b"{"
    return bool(JSON_LINES & endings)


def open_rows(
    path: Path | str,
    *,
    delimiter: str | None = None,
    header: bool | None = None,
    encoding: str | None = None,
    expected: Collection[str] = (),
    like: Like = UNKNOWN,
    as_text: bool = False,
    keep: bool = False,
) -> Source:
    """Open a file of rows of any kind. Raises `DataError`.

    ``delimiter``, ``header`` and ``encoding`` say how a text is laid out, ``expected`` are columns that a header would
    name, and ``like`` is how it is probably laid out; ``as_text`` keeps cells as they are written, ``keep`` their
    types, too.
    """
    if is_arrow(path):
        return ArrowFile(path, as_text=as_text, keep=keep)
    if is_json_lines(path):
        return JsonLines(path, encoding=encoding, keep=keep)
    return DelimitedFile(
        path,
        delimiter=delimiter,
        header=header,
        encoding=encoding,
        decimal=like.decimal or ".",
        expected=expected,
        like=like,
        as_text=as_text or keep,
    )
