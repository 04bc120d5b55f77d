"""The IDX file format, in which MNIST and its relatives come: a header and then bytes, often as gzip.

The header is two zero bytes, one for the kind of number (8: bytes), one for how many dimensions there are, and then the
length of each, as a 32-bit number with the highest byte first. http://yann.lecun.com/exdb/mnist/ describes it.
"""

import gzip
import io
import math
import struct
import zlib
from pathlib import Path

import numpy as np
import numpy.typing as npt

from mltrain.errors import DataError

GZIP_MAGIC = b"\x1f\x8b"
BYTES = 8


def read_idx(path: Path, dimensions: int, at_most: int) -> npt.NDArray[np.uint8]:
    """The bytes of a file with so many dimensions, read only; plain or gzip, whatever its name says.

    ``at_most`` is how many bytes there may be: no more memory than that is used. Raises `DataError`, which names the
    file and what is wrong with it.
    """
    try:
        with path.open("rb") as plain:
            compressed = plain.read(len(GZIP_MAGIC)) == GZIP_MAGIC
            plain.seek(0)
            return _read(gzip.GzipFile(fileobj=plain) if compressed else plain, path, dimensions, at_most)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is a damaged gzip file: {error}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {error.strerror or error}") from error


def _read(file: io.BufferedIOBase, path: Path, dimensions: int, at_most: int) -> npt.NDArray[np.uint8]:
    magic, expected = file.read(4), bytes([0, 0, BYTES, dimensions])
    if magic != expected:
        found = f"it begins with {magic.hex(' ')}" if magic else "it is empty"
        raise DataError(f"{path} is not the IDX file expected: {found}, not {expected.hex(' ')}")
    header = file.read(4 * dimensions)
    if len(header) < 4 * dimensions:
        raise DataError(f"{path} ends within its header")
    shape = struct.unpack(f">{dimensions}I", header)
    size, lengths = math.prod(shape), " x ".join(f"{length:,}" for length in shape)
    if not 0 < size <= at_most:
        raise DataError(f"{path} announces {lengths} bytes; expected at least one and at most {at_most:,}")
    content = file.read(size + 1)
    if len(content) != size:
        what = (
            f"more than the {lengths} bytes" if len(content) > size else f"only {len(content):,} of the {lengths} bytes"
        )
        raise DataError(f"{path} holds {what} that its header announces")
    return np.frombuffer(content, np.uint8).reshape(shape)
