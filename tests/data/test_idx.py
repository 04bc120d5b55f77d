import gzip
import tracemalloc
import zlib
from pathlib import Path

import numpy as np
import pytest
from tiny_mnist import idx

from mltrain.data.idx_format import read_idx
from mltrain.errors import DataError

IMAGES = np.arange(24, dtype=np.uint8).reshape(2, 3, 4)
PLAIN = idx(IMAGES)
COMPRESSED = gzip.compress(PLAIN, mtime=0)
IN_TWO = gzip.compress(PLAIN[:20], mtime=0) + gzip.compress(PLAIN[20:], mtime=0)


@pytest.mark.parametrize("content", [PLAIN, COMPRESSED, IN_TWO], ids=["plain", "gzip", "gzip in two parts"])
@pytest.mark.parametrize("name", ["images", "images.gz"])
def test_plain_and_gzip_are_told_apart_by_what_they_hold(tmp_path: Path, name: str, content: bytes):
    (tmp_path / name).write_bytes(content)
    images = read_idx(tmp_path / name, dimensions=3, at_most=24)
    assert images.dtype == np.uint8
    np.testing.assert_array_equal(images, IMAGES)


def test_one_dimension(tmp_path: Path):
    (tmp_path / "labels").write_bytes(idx(np.array([3, 1, 2], np.uint8)))
    assert read_idx(tmp_path / "labels", dimensions=1, at_most=3).tolist() == [3, 1, 2]


def swap(content: bytes, position: int) -> bytes:
    return content[:position] + bytes([content[position] ^ 0xFF]) + content[position + 1 :]


ANOTHER = "is not the IDX file expected: it"
DAMAGED = "is a damaged gzip file:"
WRONG = {
    "empty": (b"", f"{ANOTHER} is empty, not 00 00 08 03"),
    "two bytes": (b"\0\0", f"{ANOTHER} begins with 00 00, not 00 00 08 03"),
    "a page": (b"<html>", f"{ANOTHER} begins with 3c 68 74 6d, not 00 00 08 03"),
    "labels": (idx(np.zeros(3, np.uint8)), f"{ANOTHER} begins with 00 00 08 01, not 00 00 08 03"),
    "floats": (b"\0\0\x0d\x03" + PLAIN[4:], f"{ANOTHER} begins with 00 00 0d 03, not 00 00 08 03"),
    "half a header": (PLAIN[:9], "ends within its header"),
    "half a header, gzip": (gzip.compress(PLAIN[:9], mtime=0), "ends within its header"),
    "shorter": (PLAIN[:-1], "holds only 23 of the 2 x 3 x 4 bytes that its header announces"),
    "shorter, gzip": (
        gzip.compress(PLAIN[:-4], mtime=0),
        "holds only 20 of the 2 x 3 x 4 bytes that its header announces",
    ),
    "longer": (PLAIN + b"\0", "holds more than the 2 x 3 x 4 bytes that its header announces"),
    "twice": (gzip.compress(PLAIN * 2, mtime=0), "holds more than the 2 x 3 x 4 bytes that its header announces"),
    "vast": (
        b"\0\0\x08\x03" + b"\xff" * 12,
        "announces 4,294,967,295 x 4,294,967,295 x 4,294,967,295 bytes; expected at least one and at most 24",
    ),
    "no images": (
        idx(np.zeros((0, 3, 4), np.uint8)),
        "announces 0 x 3 x 4 bytes; expected at least one and at most 24",
    ),
    "truncated gzip": (
        COMPRESSED[:-9],
        f"{DAMAGED} Compressed file ended before the end-of-stream marker was reached",
    ),
    "another checksum": (
        COMPRESSED[:-8] + bytes(4) + COMPRESSED[-4:],
        f"{DAMAGED} CRC check failed 0x0 != {hex(zlib.crc32(PLAIN))}",
    ),
    "gzip with garbage": (
        COMPRESSED[:10] + b"\xff" * 20,
        f"{DAMAGED} Error -3 while decompressing data: invalid block type",
    ),
}


@pytest.mark.parametrize(("content", "message"), WRONG.values(), ids=WRONG)
def test_what_is_wrong_with_a_file(tmp_path: Path, content: bytes, message: str):
    path = tmp_path / "images"
    path.write_bytes(content)
    with pytest.raises(DataError) as error:
        read_idx(path, dimensions=3, at_most=24)
    assert str(error.value) == f"{path} {message}"


@pytest.mark.parametrize("at", range(0, 40, 3))
def test_a_truncated_gzip_file_is_always_refused(tmp_path: Path, at: int):
    path = tmp_path / "images"
    path.write_bytes(COMPRESSED[:at])
    with pytest.raises(DataError):
        read_idx(path, dimensions=3, at_most=24)


def test_a_small_file_that_would_inflate_to_a_large_one_takes_no_memory(tmp_path: Path):
    path = tmp_path / "bomb"
    path.write_bytes(gzip.compress(PLAIN + bytes(100_000_000), 1))
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="holds more than the 2 x 3 x 4 bytes"):
            read_idx(path, dimensions=3, at_most=24)
        assert tracemalloc.get_traced_memory()[1] < 2_000_000
    finally:
        tracemalloc.stop()


def test_files_that_cannot_be_read(tmp_path: Path):
    with pytest.raises(DataError) as error:
        read_idx(tmp_path / "nothing", dimensions=3, at_most=24)
    assert str(error.value) == f"{tmp_path / 'nothing'} cannot be read: No such file or directory"
    with pytest.raises(DataError) as error:
        read_idx(tmp_path, dimensions=3, at_most=24)
    assert str(error.value) == f"{tmp_path} cannot be read: Is a directory"
