"""Tables, arrays and images made to do harm."""

import gzip
import io
import os
import struct
import zipfile
import zlib
from pathlib import Path

import numpy as np
import pytest
from guarded import READERS, answers, refusal

HEADER = "x,y\n"


def packed(path: Path, start: bytes, piece: bytes, count: int) -> Path:
    """A gzip file of pieces, as a few repeated members: compressing it all would take long."""
    path.write_bytes(gzip.compress(start, mtime=0) + gzip.compress(piece, mtime=0) * count)
    return path


def test_a_quote_that_is_never_closed(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text(HEADER + '1,2\n3,"4\n' + "5,6\n" * 10_000)
    assert "this is no table of text: " in refusal("csv", path)
    path.write_text(HEADER + '1,2\n3,"4\n' + "5,6\n" * 10)
    said = "this is no table of text: unexpected end of data; a quote is opened and never closed"
    assert refusal("csv", path).endswith(said)


def test_a_line_of_a_hundred_megabytes(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    with path.open("wb") as file:
        file.write(HEADER.encode())
        for _ in range(100):
            file.write(b"1" * 10**6)
    assert refusal("csv", path) == "FILE:2: this line has 4,000,000 characters or more; is it a table?"
    assert (
        refusal("rows", path.rename(tmp_path / "x.jsonl"))
        == "FILE:1: this line is not JSON: Expecting value: line 1 column 1 (char 0)"
    )


def test_a_million_columns(tmp_path: Path) -> None:
    path = tmp_path / "x.csv"
    path.write_text("a," * 10**6 + "y\n")
    assert refusal("csv", path) == "FILE: has 1,000,001 columns; at most 20,000 can be read"


def test_many_columns_and_many_lines_that_are_empty(tmp_path: Path) -> None:
    """Memory for as many rows as there are lines would be 8 GB."""
    path = tmp_path / "x.csv"
    path.write_text(",".join(f"c{number}" for number in range(19_999)) + ",y\n" + "\n" * 10**5)
    assert refusal("csv", path) == "FILE: there are no rows in it"


def test_bytes_that_are_no_text(tmp_path: Path) -> None:
    contents = {
        "nul": HEADER.encode() + b"1,\0\n",
        "zip": b"PK\x03\x04" + bytes(100),
        "binary": bytes(range(256)) * 100,
        "not decodable": "x,y\nä,1\n".encode("latin-1") + b"\x81,2\n",
    }
    paths = [tmp_path / f"{name}.csv" for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    found = [str(answer).rpartition("/")[2] for answer in answers("csv", *paths)]
    assert found[0].startswith("nul.csv:2: this is no text: it has a zero byte")
    assert found[1].startswith("zip.csv: this is a zip archive; unpack it first")
    assert found[2].startswith("binary.csv:1: this is no text: it has a zero byte")
    assert found[3].startswith("not decodable.csv:3: this is no text: it is neither UTF-8 nor windows-1252")


def test_a_gzip_bomb(tmp_path: Path) -> None:
    """A gigabyte of good rows in one megabyte."""
    path = packed(tmp_path / "x.csv.gz", HEADER.encode(), b"1,2\n" * 2**20, 250)
    assert path.stat().st_size < 2 * 10**6
    assert refusal("csv", path) == "FILE: a damaged gzip file: more than 100 times its size comes out of it"


def test_brackets_in_json_lines(tmp_path: Path) -> None:
    path = tmp_path / "x.jsonl"
    path.write_text('{"a": 1}\n{"a": ' + "[" * 10**6)
    assert refusal("rows", path) == "FILE:2: there are too many brackets within each other"


def test_idx_files_that_announce_what_they_do_not_hold(tmp_path: Path) -> None:
    paths = []
    for size in ((2**16, 2**15, 1), (2**32 - 1, 2**32 - 1, 2**32 - 1), (2**31, 1, 1), (0, 1, 1)):
        content = bytes([0, 0, 8, 3]) + struct.pack(">3I", *size) + b"x"
        for made in (content, gzip.compress(content)):
            paths.append(tmp_path / str(len(paths)))
            paths[-1].write_bytes(made)
    for path, answer in zip(paths, answers("idx", *paths), strict=True):
        assert str(answer).startswith((f"{path} holds only 1 of the ", f"{path} announces "))


def test_an_idx_file_that_is_a_bomb(tmp_path: Path) -> None:
    path = packed(tmp_path / "x", bytes([0, 0, 8, 3]) + struct.pack(">3I", 400, 2**10, 2**10), bytes(2**22), 100)
    assert refusal("idx", path) == "FILE is a damaged gzip file: more than 100 times its size comes out of it"


def png(width: int, height: int, *more: tuple[bytes, bytes]) -> bytes:
    chunks = (
        (b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)),
        *more,
        (b"IDAT", zlib.compress(bytes(10**6))),
        (b"IEND", b""),
    )
    made = (
        struct.pack(">I", len(data)) + name + data + struct.pack(">I", zlib.crc32(name + data)) for name, data in chunks
    )
    return b"\x89PNG\r\n\x1a\n" + b"".join(made)


def test_images_that_are_bombs(tmp_path: Path) -> None:
    text = (b"zTXt", b"Comment\0\0" + zlib.compress(bytes(10**8)))
    contents = {
        "huge": png(100_000, 100_000),
        "large": png(9_000, 9_000),
        "long": png(2**24 + 1, 1),
        "text": png(100, 100, text),
        "cut": png(1000, 2000)[:500],
        "gif": b"GIF89a" + bytes(100),
        "eps": b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 100 100\n(touch pwned) system\n",
    }
    paths = [tmp_path / f"{name}.png" for name in contents]
    for path, content in zip(paths, contents.values(), strict=True):
        path.write_bytes(content)
    found = dict(zip(contents, answers("picture", *paths), strict=True))
    assert all(answer and "\n" not in answer for answer in found.values())
    assert str(found["large"]).endswith("9,000 x 9,000 pixels are too many; make it smaller")
    assert {entry.name for entry in tmp_path.iterdir()} == {path.name for path in paths}


def npz(path: Path, **arrays: bytes) -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as file:
        for name, content in arrays.items():
            file.writestr(f"{name}.npy", content)
    return path


def npy(kind: str, shape: str, content: bytes = b"") -> bytes:
    text = f"{{'descr': '{kind}', 'fortran_order': False, 'shape': {shape}, }}\n".encode()
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(text)) + text + content


def test_arrays_that_are_bombs_or_worse(tmp_path: Path) -> None:
    pickle = io.BytesIO()
    np.save(pickle, np.array([Path.touch, "pwned"], object), allow_pickle=True)
    good = npy("<f4", "(2,)", bytes(8))
    paths = [
        npz(tmp_path / "huge.npz", x=npy("<f4", "(1000000000000,)"), y=good),
        npz(tmp_path / "zeros.npz", x=npy("|u1", "(100000000,)", bytes(10**8)), y=good),
        npz(tmp_path / "pickle.npz", x=pickle.getvalue(), y=good),
        npz(tmp_path / "python.npz", x=npy("<f4", "(" * 5000), y=good),
        npz(tmp_path / "text.npz", x=npy("<U1", "(2,)", b"\xff" * 8), y=good),
        npz(tmp_path / "records.npz", x=b"\x93NUMPY\x01\x00\x10\x00[('a', '<f4')]   ", y=good),
    ]
    with zipfile.ZipFile(tmp_path / "names.npz", "w") as file:
        file.writestr("x", good)
        file.writestr("a\nb.npy", good)
    assert refusal("npz", tmp_path / "names.npz") == "FILE: there is no array 'x' among a\\nb"
    found = answers("npz", *paths)
    assert [str(answer).partition("savez: ")[2] for answer in found] == [
        "'x' is said to hold 4,000,000,000,000 bytes, and does not",
        "'x' is said to hold 100,000,000 bytes, and does not",
        "'x' holds Python objects, which are never loaded",
        "'x' has no header that can be read",
        "'x' holds what are no characters",
        "'x' has no header that can be read",
    ]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
@pytest.mark.parametrize("kind", sorted(READERS.keys() - {"config", "run"}))
def test_a_pipe_in_place_of_a_file(tmp_path: Path, kind: str) -> None:
    """To open it would wait until somebody writes to it."""
    os.mkfifo(tmp_path / "x.png")
    assert refusal(kind, tmp_path / "x.png").endswith("it is a pipe, not a file")
