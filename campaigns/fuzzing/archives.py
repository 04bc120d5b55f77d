"""Zip files of arrays, changed: in their bytes, in the records of the zip, in array headers, and member by member."""

import io
import re
import struct
import zipfile
from collections.abc import Sequence
from random import Random
from typing import Any

import numpy as np

from campaigns.fuzzing.mutations import HUGE, INTERESTING, change_bytes

_WORDS = {
    b"PK\x03\x04": (4, 6, 8, 14, 18, 22, 26, 28),
    b"PK\x01\x02": (6, 8, 10, 16, 20, 24, 28, 30, 32, 42),
    b"PK\x05\x06": (8, 10, 12, 16, 20),
}
"""Where in the records of a zip file the numbers are that a reader goes by, by the records' first bytes."""


def changed_archive(rng: Random, content: bytes, members: dict[str, bytes], others: Sequence[bytes]) -> bytes:
    """One of all these changes to the file ``content``, whose members are ``members``."""
    match rng.randrange(6):
        case 0 | 1:
            return change_bytes(rng, content, others)
        case 2:
            return _change_records(rng, content)
        case 3:
            return zipped(_change_header(rng, members))
        case _:
            return _change_members(rng, members)


def members_of(content: bytes) -> dict[str, bytes]:
    """The members of a zip file by name."""
    with zipfile.ZipFile(io.BytesIO(content)) as file:
        return {name: file.read(name) for name in file.namelist()}


def npy(array: Any) -> bytes:
    file = io.BytesIO()
    np.save(file, array, allow_pickle=True)
    return file.getvalue()


def zipped(members: dict[str, bytes], method: int = zipfile.ZIP_STORED) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(zipfile.ZipInfo(name), content, method)  # with no date of today in it
    return file.getvalue()


def _change_records(rng: Random, content: bytes) -> bytes:
    """The same file with other numbers in some of its records."""
    data = bytearray(content)
    for _ in range(rng.choice((1, 1, 2, 3))):
        signature = rng.choice(tuple(_WORDS))
        starts = [found.start() for found in re.finditer(signature, data)]
        if not starts:  # an earlier change was to one of these
            continue
        place = rng.choice(starts) + rng.choice(_WORDS[signature])
        (old,) = struct.unpack_from("<H", data, place)
        number = rng.choice((*INTERESTING, *HUGE, old + 1, old - 1, len(data), rng.randrange(2**16)))
        width = rng.choice((2, 4))
        data[place : place + width] = (number % 2 ** (8 * width)).to_bytes(width, "little")
    return bytes(data)


def _change_header(rng: Random, members: dict[str, bytes]) -> dict[str, bytes]:
    """The header of one array says something else of its data."""
    name = rng.choice(tuple(members))
    content = members[name]
    data = content[content.index(b"\n") + 1 :]
    order = rng.choice(("True", "False", "False", "0", "None"))
    sizes = (*INTERESTING[:8], *HUGE, -1, -6, "2L", "1e3", "''", "()")
    shape = ", ".join(str(rng.choice(sizes)) for _ in range(rng.choice((0, 1, 2, 2, 3, 40))))
    kind = rng.choice(
        ("<f4", "<f4", ">f4", "<f8", "<i4", "|O", "<U3", "<U1000000000", "|V8", "|S0", "<f3", "<M8[ns]", "|b1")
    )
    header = f"{{'descr': '{kind}', 'fortran_order': {order}, 'shape': ({shape},), }}"
    header = rng.choice((header, header.replace(", }", "}"), header[1:], header + "0" * 5000, "[" * 10_000, header))
    version = rng.choice(((1, 0), (1, 0), (1, 0), (2, 0), (3, 0), (9, 9)))
    length = len(header) + rng.choice((0, 0, 0, 1, -1, 60_000))
    start = b"\x93NUMPY" + bytes(version) + (length % 2**16).to_bytes(2 if version == (1, 0) else 4, "little")
    return {**members, name: start + header.encode() + rng.choice((data, b"", data + b"\0", bytes(24)))}


def _change_members(rng: Random, members: dict[str, bytes]) -> bytes:
    """Arrays are missing, doubled, called otherwise, compressed, or hold something else."""
    names = [name for name in members if name != "meta.npy"]
    name, other = rng.choice(tuple(members)), rng.choice(names)
    match rng.randrange(7):
        case 0:
            return zipped({one: content for one, content in members.items() if one != name})
        case 1:
            return zipped(members) + zipped(members)
        case 2:
            escape = rng.choice(
                ("../" + name, "/etc/" + name, name.upper(), name + "\0x", " ", "a/" * 500, "C:\\" + name)
            )
            return zipped({(escape if one == name else one): content for one, content in members.items()})
        case 3:
            return zipped(members, rng.choice((zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA)))
        case 4:
            return zipped({**members, name: members[other]})
        case 5:
            shape = np.load(io.BytesIO(members[other])).shape
            array = np.ones(shape, rng.choice(("<f4", ">f4", "<f8", "<f2", "<i4", "O", "U3")))
            if array.dtype.kind in "fO":
                array.flat[0] = rng.choice((0.0, 6e4, float("nan"), float("inf")))
            return zipped({**members, other: npy(np.asfortranarray(array))})
        case _:
            content = change_bytes(rng, members[name], list(members.values()))
            return zipped({**members, name: content})
