"""How an exported file computes with NumPy: arrays from text, and the outputs for rows."""

import base64
from typing import Any

import numpy as np

from mltrain.export.runtime.model import rows_of

INPUT_SHAPE: Any = ()
network: Any = None


def decode(shape: Any, text: str) -> Any:
    """An array of 32-bit floats from base64."""
    return np.frombuffer(base64.b64decode(text), "<f4").reshape(shape)


def numbers(values: Any) -> Any:
    """An array of 32-bit floats."""
    return np.array(values, np.float32)


def outputs(rows: Any) -> Any:
    """The outputs of the network for each row, as lists."""
    x = np.array(rows_of(rows), np.float64).astype(np.float32)
    return network(x.reshape(-1, *INPUT_SHAPE)).tolist()
