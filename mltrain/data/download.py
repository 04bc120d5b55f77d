"""Downloads one file, checks its content, and keeps it whole or not at all."""

import hashlib
import http.client
import urllib.error
import urllib.request
import zlib
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

from mltrain.data.base import Progress
from mltrain.data.published import File
from mltrain.errors import DataError, StorageError, reason
from mltrain.system.atomic_write import replacing

SECONDS_OF_SILENCE = 30
"""After which a server counts as dead."""

CHUNK = 1 << 16


class _Refused(Exception):
    """An address does not give the file; another may."""


def download(addresses: Sequence[str], target: Path, expected: File, progress: Progress | None = None) -> str:
    """Fetch a file from the first of the addresses that has it, and return that address.

    Only a file of the expected size and SHA-256 is kept. Raises `DataError` with what each address answered, a line
    each, or `StorageError` if the file cannot be written.
    """
    answers = []
    try:
        for address in addresses:
            try:
                _download(address, target, expected, progress)
            except _Refused as refused:
                # What a server answers ends up on a terminal.
                answers.append(f"{address}: {''.join(c if c.isprintable() else ' ' for c in str(refused)).strip()}")
            else:
                return address
    except OSError as error:
        raise StorageError(f"{target} cannot be written: {reason(error)}") from error
    raise DataError("\n".join(answers))


def _download(address: str, target: Path, expected: File, progress: Progress | None) -> None:
    request = urllib.request.Request(address, headers={"User-Agent": "mltrain"})  # noqa: S310 - addresses are ours
    content, done = (_PackedContent if expected.of_content else _Content)(expected), 0
    with _refusals():
        response = urllib.request.urlopen(request, timeout=SECONDS_OF_SILENCE)  # noqa: S310
    with response:
        # Only now, so that a machine without a network gets no empty folder.
        target.parent.mkdir(parents=True, exist_ok=True)
        with replacing(target) as file:
            total = response.length
            while chunk := _read(response):
                content.add(chunk)
                file.write(chunk)
                done += len(chunk)
                if progress is not None:
                    progress(target.name, done, total)
            content.check()


def _read(response: http.client.HTTPResponse) -> bytes:
    with _refusals():
        return response.read(CHUNK)


@contextmanager
def _refusals() -> Iterator[None]:
    """Turns what goes wrong on the network, and only that, into `_Refused`."""
    try:
        yield
    except urllib.error.HTTPError as error:
        error.close()
        raise _Refused(f"the server answers {error.code} {error.reason}") from error
    except (OSError, http.client.HTTPException) as error:
        cause = error.reason if isinstance(error, urllib.error.URLError) else error
        raise _Refused(getattr(cause, "strerror", None) or str(cause) or type(cause).__name__) from error


class _Content:
    """Hashes a file while it comes."""

    def __init__(self, expected: File):
        self._size, self._sha256 = expected.size, expected.sha256
        self._hash, self._seen = hashlib.sha256(), 0

    def add(self, chunk: bytes) -> None:
        self._seen += len(chunk)
        self._hash.update(chunk)
        if self._seen > self._size:
            raise _Refused(f"what it sends holds more than the {self._size:,} bytes expected")

    def check(self) -> None:
        if self._seen < self._size:
            raise _Refused(f"what it sends ends after {self._seen:,} of the {self._size:,} bytes expected")
        self._check_hash()

    def _check_hash(self) -> None:
        if (found := self._hash.hexdigest()) != self._sha256:
            raise _Refused(f"what it sends is another file: SHA-256 {found} instead of {self._sha256}")


class _PackedContent(_Content):
    """Hashes what a gzip file holds while the file comes."""

    def __init__(self, expected: File):
        super().__init__(expected)
        self._inflate = zlib.decompressobj(zlib.MAX_WBITS | 16)

    def add(self, chunk: bytes) -> None:
        try:
            # One byte more than there may be is enough to know.
            content = self._inflate.decompress(chunk, self._size - self._seen + 1)
        except zlib.error as error:
            raise _Refused("what it sends is no gzip file, or a damaged one") from error
        super().add(content + self._inflate.unused_data)

    def check(self) -> None:
        if not self._inflate.eof:
            raise _Refused("what it sends ends early")
        self._check_hash()
