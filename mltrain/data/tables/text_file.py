"""Text files, plain or gzip, as lines; with errors that name the file.

How a file is encoded is said, or found: a byte order mark or the places of zero bytes tell UTF-16 and UTF-32; text that
is not UTF-8 is windows-1252, which is latin-1 with more characters.
"""

import codecs
import gzip
import io
import re
import sys
import zlib
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, BinaryIO, cast

from mltrain.data.tables.foreign import LOOKED_AT, by_ending, refuse_foreign
from mltrain.data.unpacking import GZIP_MAGIC, open_unpacked
from mltrain.errors import DataError, Worded, reason

STDIN = "-"
"""What stands for the standard input in place of a file's name."""


_TOGETHER = 100_000
"""Characters that are read together, and the rest of the last line with them."""

_NO_LINE_ENDS = "\x0b\x0c\x1c\x1d\x1e\x85\u2028\u2029"
"""Characters at which ``str.splitlines`` ends lines, and a file does not."""

MOST_CHARACTERS = 4_000_000
"""Characters of a line: some for each of as many columns as a table may have."""

LEGACY = "windows-1252"
"""What text is taken for that is not UTF-8."""

_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark begins like this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)

_WITHOUT_MARK = ("utf-32-le", "utf-32-be", "utf-16-le", "utf-16-be")

_NO_ENCODINGS = ("idna", "punycode", "unicode-escape", "raw-unicode-escape", "undefined")
"""What Python has besides, for other purposes."""

_UNDECODED = re.compile("[\udc80-\udcff]")
"""Bytes that are no UTF-8, as Python's ``surrogateescape`` passes them on."""

_WORD_WITH_MORE = re.compile(r"\w*[^\x00-\x7f]\w*")
_CONTROL = re.compile(r"[\x00-\x08\x0e-\x1a\x1c-\x1f]")


@contextmanager
def readable(name: str) -> Iterator[None]:
    """Within the block, what goes wrong with reading a file becomes a `DataError` that names it."""
    try:
        yield
    except FileNotFoundError:
        raise DataError(f"{name}: there is no such file") from None
    except UnicodeError as error:
        raise DataError(
            Worded.about_config(
                f"{_no_text(name, error)}: this is no text in {getattr(error, 'encoding', 'this encoding')} "
                f"({getattr(error, 'reason', error)})",
                "; say how it is encoded: encoding (init csv --encoding)",
            )
        ) from None
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{name}: a damaged gzip file: {error}") from error
    except OSError as error:
        raise DataError(f"{name}: cannot be read: {reason(error)}") from error


def _no_text(name: str, error: UnicodeError) -> str:
    """The file, with the number of its first line that is no text, if it can be read again."""
    encoding = getattr(error, "encoding", "utf-16")
    if "16" in encoding or "32" in encoding:
        return name  # whose lines are not those of its bytes
    with suppress(OSError, EOFError, zlib.error), open_unpacked(name) as content:
        number = 1
        while line := content.readline(MOST_CHARACTERS):
            try:
                line.decode(encoding)
            except UnicodeError:
                return f"{name}:{number}"
            number += 1
    return name


class TextFile:
    """The lines of a text file, or of the standard input, ends included; whether it is gzip, its first bytes say.

    Lines end with LF, CR or CRLF. Iterating goes on where it stopped. Raises `DataError`, also for lines of
    `MOST_CHARACTERS` or more, for zero bytes, and for files of other programs. ``encoding`` is said; ``otherwise`` is
    what text is probably encoded as that is not UTF-8.
    """

    def __init__(self, path: Path | str, encoding: str | None = None, otherwise: str | None = None):
        self.name = "standard input" if str(path) == STDIN else str(path)
        self._is_stdin = str(path) == STDIN
        self._legacy = self._utf_8 = 0  # the first line that is no UTF-8, and the first that is UTF-8 and not ASCII
        self._example = ""
        self._otherwise = otherwise if otherwise and _has_ascii(otherwise) else LEGACY
        with readable(self.name):
            content: Any = _unpacked_input() if self._is_stdin else open_unpacked(path)
            try:
                start = content.peek(LOOKED_AT)[:LOOKED_AT]
                refuse_foreign(self.name, start)
                self._found = None if encoding else _found_encoding(start)
                self._guessing = not encoding and self._found is None
                if self._found in _WITHOUT_MARK and (foreign := by_ending(self.name)):
                    raise foreign
            except BaseException:
                if not self._is_stdin:
                    content.close()
                raise
            self._text = io.TextIOWrapper(
                content,
                encoding="utf-8" if self._guessing else _with_mark(encoding or str(self._found), start),
                errors="surrogateescape" if self._guessing else "strict",
                newline="",
            )
        self._ready: list[str] = []
        self._at = self._read = 0

    @property
    def guessed_encoding(self) -> str | None:
        """The encoding that the lines read up to now have, if that is neither said, nor marked, nor UTF-8."""
        return self._otherwise if self._legacy else self._found if self._found in _WITHOUT_MARK else None

    @property
    def notes(self) -> list[str]:
        """What was found out about the encoding of the lines read up to now, in sentences."""
        if self._legacy:
            return [
                Worded.about_config(
                    f"the text is not UTF-8 and is read as {self._otherwise}, in which line {self._legacy:,} has "
                    f"'{self._example}'",
                    "; if that is wrong, say encoding (init csv --encoding)",
                )
            ]
        is_said = self._found in (None, "utf-8-sig")
        return [] if is_said else [f"the text is {str(self._found).upper()}"]

    def __iter__(self) -> Iterator[str]:
        while self._at < len(self._ready) or self._fill():
            self._at += 1
            yield self._ready[self._at - 1]

    def take(self, count: int) -> list[str]:
        """The next ``count`` lines, or as many as there are: faster than one by one."""
        found: list[str] = []
        while len(found) < count and (self._at < len(self._ready) or self._fill()):
            more = self._ready[self._at : self._at + count - len(found)]
            self._at += len(more)
            found += more
        return found

    def put_back(self, lines: list[str]) -> None:
        """Let the lines that were just taken come next again."""
        self._ready, self._at = lines + self._ready[self._at :], 0

    def _fill(self) -> bool:
        """Read some more lines; whether there are any."""
        with readable(self.name):
            text = self._text.read(_TOGETHER) if self._read else ""  # the first line may already say what is wrong
            text += self._text.readline(MOST_CHARACTERS)  # lines one by one would take three times as long
        # What hardly ever occurs is looked for in many lines at once.
        if any(character in text for character in _NO_LINE_ENDS):
            lines = list(io.StringIO(text, newline=""))
        else:
            lines = text.splitlines(keepends=True)
        if len(text) >= MOST_CHARACTERS or "\0" in text or (self._guessing and not text.isascii()):
            lines = [self._checked(line, self._read + index) for index, line in enumerate(lines, 1)]
        self._read += len(lines)
        self._ready, self._at = lines, 0
        return bool(lines)

    def _checked(self, line: str, number: int) -> str:
        """The line as it is read. Raises `DataError` if it is none."""
        if len(line) >= MOST_CHARACTERS:
            raise DataError(
                f"{self.name}:{number}: this line has {MOST_CHARACTERS:,} characters or more; is it a table?"
            )
        if "\0" in line:
            raise self._no_text(number)
        return line if line.isascii() or not self._guessing else self._decoded(line, number)

    def _decoded(self, line: str, number: int) -> str:
        """The line, which has more than ASCII, in the encoding that the others have. Raises `DataError`."""
        if not _UNDECODED.search(line):
            self._utf_8 = self._utf_8 or number
        else:
            try:
                line = line.encode("utf-8", "surrogateescape").decode(self._otherwise)
            except UnicodeDecodeError as error:
                raise self._no_text(number, f"it is neither UTF-8 nor {self._otherwise} ({error.reason})") from None
            if not self._legacy:
                if _CONTROL.search(line):
                    raise self._no_text(number, "it is not UTF-8 and has control characters")
                self._legacy, self._example = number, _word(line)
        if self._legacy and self._utf_8:
            raise DataError(
                Worded.about_config(
                    f"{self.name}:{self._legacy}: this line is no text in UTF-8, but line {self._utf_8} is; the file "
                    "mixes two encodings: save it again in UTF-8",
                    ", or say its encoding",
                )
            )
        return line

    def _no_text(self, number: int, why: str = "it has a zero byte") -> DataError:
        advice = "if it is a table all the same, say its encoding (init csv --encoding), or save it as CSV in UTF-8"
        return by_ending(self.name) or DataError(
            Worded.about_config(f"{self.name}:{number}: this is no text: {why}", f"; {advice}")
        )

    def close(self) -> None:
        """Let the file go; the standard input stays open."""
        if not self._is_stdin:
            self._text.close()


def is_text_encoding(name: str) -> bool:
    """Whether Python knows an encoding of text by that name."""
    try:
        return "a".encode(name).decode(name) == "a" and codecs.lookup(name).name not in _NO_ENCODINGS
    except (LookupError, UnicodeError, ValueError):
        return False


def _has_ascii(encoding: str) -> bool:
    """Whether ASCII is the same in the encoding."""
    try:
        return "a,1\n".encode(encoding) == b"a,1\n"
    except (LookupError, UnicodeError):
        return False


def _word(line: str) -> str:
    """The first word of the line that has more than ASCII."""
    found = _WORD_WITH_MORE.search(line)
    return found.group()[:20] if found else ""


def _found_encoding(start: bytes) -> str | None:
    """The encoding that the first bytes tell, or None, which is UTF-8 until a line is not."""
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return encoding
    whole = start[: len(start) // 4 * 4]
    if not whole:
        return None
    zeros = [whole[place::4].count(0) / (len(whole) // 4) for place in range(4)]
    # Most of a table's characters are ASCII, of which all bytes but one are zero.
    if min(zeros[2:]) > 0.9 and zeros[0] < 0.1:
        return "utf-32-le"
    if min(zeros[:2]) > 0.9 and zeros[3] < 0.1:
        return "utf-32-be"
    if min(zeros[1], zeros[3]) > 0.4 and max(zeros[0], zeros[2]) < 0.1:
        return "utf-16-le"
    if min(zeros[0], zeros[2]) > 0.4 and max(zeros[1], zeros[3]) < 0.1:
        return "utf-16-be"
    return None


def _with_mark(encoding: str, start: bytes) -> str:
    """The codec to read with: it leaves out the byte order mark, if there is one."""
    for mark, with_mark in _MARKS:
        if start.startswith(mark) and codecs.lookup(encoding).name.startswith(with_mark[:6].rstrip("-")):
            return with_mark
    return encoding


def _unpacked_input() -> gzip.GzipFile | BinaryIO:
    start = cast(io.BufferedReader, sys.stdin.buffer).peek(len(GZIP_MAGIC))
    return gzip.GzipFile(fileobj=sys.stdin.buffer) if start.startswith(GZIP_MAGIC) else sys.stdin.buffer


def count_lines(path: Path) -> tuple[int, int]:
    """How many lines a file has at most, a last one without an end included, and how many bytes; plain or gzip."""
    lines, length, last = 1, 0, b""
    with open_unpacked(path) as content:
        while chunk := content.read(1 << 20):
            lines += chunk.count(b"\n")
            if b"\r" in chunk:  # CRLF is one end
                lines += chunk.count(b"\r") - chunk.count(b"\r\n")
            lines -= last == b"\r" and chunk.startswith(b"\n")
            last, length = chunk[-1:], length + len(chunk)
    return lines, length
