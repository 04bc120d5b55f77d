"""A short name for rows, by which anybody sees whether two trainings had the same ones."""

import hashlib

import numpy as np

from mltrain.data import Split


def fingerprint(rows: Split) -> str:
    """The SHA-256 of the rows' numbers, in hexadecimal: the same arrays, of the same types, give the same text.

    It is taken of what was loaded and not of files, so that a table stays the same when it is compressed or moved.
    """
    found = hashlib.sha256()
    for array in rows:
        found.update(f"{array.dtype.str}{array.shape}".encode())
        found.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return found.hexdigest()
