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

from mltrain.data.unpacking import open_unpacked
from mltrain.errors import DataError, reason

BYTES = 8

_PORTION = 2**20
"""Bytes that are read at a time: memory is taken for what comes, not for what is announced."""


def read_idx(path: Path, dimensions: int, at_most: int) -> npt.NDArray[np.uint8]:
    """The bytes of a file with so many dimensions, read only; plain or gzip, whatever its name says.

    ``at_most`` is how many bytes there may be: no more memory than that is used. Raises `DataError`, which names the
    file and what is wrong with it.
    """
    try:
        with open_unpacked(path) as file:
            return _read(file, path, dimensions, at_most)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise DataError(f"{path} is a damaged gzip file: {error}") from error
    except OSError as error:
        raise DataError(f"{path} cannot be read: {reason(error)}") from error


def _read(file: gzip.GzipFile | io.BufferedReader, path: Path, dimensions: int, at_most: int) -> npt.NDArray[np.uint8]:
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
    content = bytearray()
    while part := file.read(min(size + 1 - len(content), _PORTION)):
        content += part
    if len(content) != size:
        what = (
            f"more than the {lengths} bytes" if len(content) > size else f"only {len(content):,} of the {lengths} bytes"
        )
        raise DataError(f"{path} holds {what} that its header announces")
    array = np.frombuffer(content, np.uint8).reshape(shape)
    array.flags.writeable = False
    return array
