"""A short text that stands for the rows of a dataset: other rows, another text."""

from hashlib import sha256

import numpy as np

from mltrain.data.base import Dataset


def fingerprint(dataset: Dataset) -> str:
    """The SHA-256 of all rows that training looks at, inputs and targets, as hexadecimal digits.

    It is taken of arrays and not of files, so that a table stays the same when it is compressed or moved.
    """
    digest = sha256()
    for rows in (dataset.train, dataset.validation):
        for array in rows or ():
            digest.update(f"{array.dtype.str} {array.shape} ".encode())
            digest.update(np.ascontiguousarray(array).data)
        digest.update(b";")
    return digest.hexdigest()
