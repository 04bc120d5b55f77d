"""Text files, plain or gzip, as lines; with errors that name the file."""

import codecs
import gzip
import io
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from mltrain.data.unpacking import GZIP_MAGIC, open_unpacked
from mltrain.errors import DataError

STDIN = "-"
"""What stands for the standard input in place of a file's name."""


MOST_CHARACTERS = 4_000_000
"""Characters of a line: some for each of as many columns as a table may have."""


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Within the block, what goes wrong with reading a file becomes a `DataError` that names it."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{name}: there is no such file") from None
    except UnicodeDecodeError as error:
        raise DataError(f"{_no_text(name)}: this is no text in UTF-8 ({error.reason}); save it as UTF-8") from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{name}: a damaged gzip file: {error}") from error
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {error.strerror or error}") from error


def _no_text(name: str) -> str:
    """The file, with the number of its first line that is no text, if it can be read again."""
    with suppress(OSError, EOFError, zlib.error), open_unpacked(name) as content:
        number = 1
        while line := content.readline(MOST_CHARACTERS):
            try:
                line.decode()
            except UnicodeDecodeError:
                return f"{name}:{number}"
            number += 1
    return name


class TextFile:
    """The lines of a text file, or of the standard input, ends included; whether it is gzip, its first bytes say.

    Iterating goes on where it stopped. Raises `DataError`, also for lines of `MOST_CHARACTERS` or more.
    """

    def __init__(self, path: Path | str):
        self.name = "standard input" if str(path) == STDIN else str(path)
        self._is_stdin = str(path) == STDIN
        with readable(self.name):
            content: Any = _unpacked_input() if self._is_stdin else open_unpacked(path)
            self._text = io.TextIOWrapper(content, encoding="utf-8-sig", newline="")
            self._lines = self._read()
            try:
                start = content.peek(2)[:2]
            except BaseException:
                self.close()
                raise
        if start in (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE):
            self.close()
            raise DataError(f"{self.name}: this text is encoded as UTF-16; save it as UTF-8")

    def __iter__(self) -> Iterator[str]:
        return self._lines

    def _read(self) -> Iterator[str]:
        number = 0
        with readable(self.name):
            while line := self._text.readline(MOST_CHARACTERS):
                number += 1
                if len(line) == MOST_CHARACTERS:
                    raise DataError(
                        f"{self.name}:{number}: this line has {MOST_CHARACTERS:,} characters or more; is it a table?"
                    )
                yield line

    def close(self) -> None:
        """Let the file go; the standard input stays open."""
        if not self._is_stdin:
            self._text.close()


def _unpacked_input() -> gzip.GzipFile | BinaryIO:
    start = cast(io.BufferedReader, sys.stdin.buffer).peek(len(GZIP_MAGIC))
    return gzip.GzipFile(fileobj=sys.stdin.buffer) if start.startswith(GZIP_MAGIC) else sys.stdin.buffer


def count_lines(path: Path) -> tuple[int, int]:
    """How many lines a file has, a last one without an end included, and how many bytes; plain or gzip."""
    with open_unpacked(path) as content:
        chunks = [(chunk.count(b"\n"), len(chunk)) for chunk in iter(lambda: content.read(1 << 20), b"")]
    return 1 + sum(lines for lines, _ in chunks), sum(length for _, length in chunks)
