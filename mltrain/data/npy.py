"""The header of a .npy file, believed only as far as its form goes: what NumPy's own reader parses as Python.

https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html describes the format.
"""

import re
from typing import IO, Any, NamedTuple

import numpy as np

_MAGIC = b"\x93NUMPY"

_FORM = re.compile(
    r"\{'descr': '([<>|][biufcSUVO]\d{0,9})', 'fortran_order': (True|False), 'shape': \(([0-9, ]{0,300})\), \}\s*"
)
"""As every NumPy writes it for arrays of one kind of value; only headers of others look different."""


class Header(NamedTuple):
    """The header of an array. ``kind`` may be that of Python objects, which must not be unpickled."""

    kind: np.dtype[Any]
    shape: tuple[int, ...]
    column_major: bool

    @property
    def length(self) -> int:
        """Bytes of the data that should follow."""
        length = self.kind.itemsize
        for count in self.shape:
            length *= count
        return length


def read_header(file: IO[bytes]) -> Header:
    """Read the header; what comes next is the data. Raises `ValueError` if it has another form."""
    magic, version = file.read(len(_MAGIC)), tuple(file.read(2))
    if magic != _MAGIC:
        raise ValueError("is no .npy array")
    if version != (1, 0):
        raise ValueError(f"has the unknown format {version}")
    length = file.read(2)
    found = _FORM.fullmatch(file.read(int.from_bytes(length, "little")).decode("latin-1"))
    if found is None:
        raise ValueError("has no header that can be read")
    try:
        kind = np.dtype(found[1])
    except TypeError:
        raise ValueError(f"holds an unknown kind of value, {found[1]}") from None
    shape = tuple(int(length) for length in found[3].split(",") if length.strip())
    return Header(kind, shape, found[2] == "True")
