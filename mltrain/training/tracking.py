"""The parameters whose values each epoch records."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.engine.network import Network


def tracked_values(network: Network, track: Sequence[str] | dict[str, str]) -> dict[str, npt.NDArray[Any]]:
    """Zero-dimensional views of the tracked parameters, by label; an array of several numbers gets a label for each."""
    wanted = track if isinstance(track, dict) else {name: name for name in track}
    values = {}
    for label, name in wanted.items():
        array = network.arrays[name]
        for index in np.ndindex(array.shape):
            place = "" if array.size == 1 else f"[{', '.join(map(str, index))}]"
            values[label + place] = array[(*index, ...)]
    return values
