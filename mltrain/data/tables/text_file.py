"""Text files, plain or gzip, as lines; with errors that name the file."""

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from pathlib import Path
from typing import Any, BinaryIO, cast

from mltrain.data.idx import GZIP_MAGIC
from mltrain.errors import DataError

STDIN = "-"
"""What stands for the standard input in place of a file's name."""


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Within the block, what goes wrong with reading a file becomes a `DataError` that names it."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{name}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{name}: this is no text in UTF-8 ({error.reason}); save it as UTF-8") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{name}: a damaged gzip file: {error}") from error
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror or error}") from error


def open_lines(path: Path | str) -> io.TextIOWrapper:
    """The text of a file, or of the standard input; whether it is gzip is seen from its first bytes."""
    with nullcontext(sys.stdin.buffer) if str(path) == STDIN else Path(path).open("rb") as raw:
        start = cast(io.BufferedReader, raw).peek(4)[:4]
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        raise DataError(f"{path}: this text is encoded as UTF-16; save it as UTF-8")
    content: Any = sys.stdin.buffer if str(path) == STDIN else path
    if start.startswith(GZIP_MAGIC):
        content = gzip.open(content, "rb")  # noqa: SIM115  (closed with the text)
    elif str(path) != STDIN:
        content = Path(path).open("rb")  # noqa: SIM115  (closed with the text)
    return io.TextIOWrapper(content, encoding="utf-8-sig", newline="")


def count_lines(path: Path) -> int:
    """How many lines a file has, a last one without an end included; plain or gzip."""
    with path.open("rb") as raw:
        zipped = raw.peek(2).startswith(GZIP_MAGIC)
        content = cast(BinaryIO, gzip.GzipFile(fileobj=raw)) if zipped else raw
        return 1 + sum(chunk.count(b"\n") for chunk in iter(lambda: content.read(1 << 20), b""))
