"""How an exported file computes without NumPy: lists of floats from text, and the outputs for rows."""

import base64
import struct
from typing import Any

from mltrain.export.runtime.model import rows_of

OUTPUT_SHAPE: Any = ()
network: Any = None


def decode(shape: Any, text: str) -> Any:
    """Nested lists of 32-bit floats from base64."""
    data = base64.b64decode(text)
    return nested(list(struct.unpack(f"<{len(data) // 4}f", data)), shape)


def nested(numbers: Any, shape: Any) -> Any:
    """A list as lists of a shape."""
    if len(shape) == 1:
        return numbers
    part = len(numbers) // shape[0]
    return [nested(numbers[start : start + part], shape[1:]) for start in range(0, len(numbers), part)]


def outputs(rows: Any) -> Any:
    """The outputs of the network for each row, as lists."""
    return [nested(network(x), OUTPUT_SHAPE) for x in rows_of(rows)]
