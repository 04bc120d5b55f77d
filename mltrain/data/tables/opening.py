"""A file of rows, whatever its kind."""

import sys
from collections.abc import Collection
from io import BufferedReader
from pathlib import Path
from typing import cast

from mltrain.data.tables.arrow import ARROW, PARQUET, ArrowFile
from mltrain.data.tables.delimited import DelimitedFile
from mltrain.data.tables.json_lines import JsonLines
from mltrain.data.tables.layout import UNKNOWN, Like
from mltrain.data.tables.source import Source
from mltrain.data.tables.text_file import STDIN

JSON_LINES = {".jsonl", ".ndjson"}
"""What the names of JSON Lines files end with, perhaps before ``.gz``."""


def open_rows(
    path: Path | str, *, expected: Collection[str] = (), like: Like = UNKNOWN, as_text: bool = False
) -> Source:
    """Open a file by what its name ends with, or the standard input by what it begins with. Raises `DataError`.

    ``expected`` are columns that a header would name, ``like`` is how a text is probably laid out; ``as_text`` keeps
    cells as they are written.
    """
    if str(path) == STDIN:
        start = cast(BufferedReader, sys.stdin.buffer).peek(1)
        is_json = start.lstrip()[:1] == b"{"
    else:
        is_json = bool(JSON_LINES & set(Path(path).suffixes))
    if Path(path).suffix.lower() in (*PARQUET, *ARROW):
        return ArrowFile(path)
    return JsonLines(path) if is_json else DelimitedFile(path, expected=expected, like=like, as_text=as_text)
