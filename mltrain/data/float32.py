"""What fits into a 32-bit float, the only kind of number that training computes with."""

import math

import numpy as np
import numpy.typing as npt

from mltrain.errors import ConfigPath, DataError, OptionError

LARGEST = float(np.finfo(np.float32).max)


def check_number(value: float, option: ConfigPath) -> None:
    """Raises `OptionError` for what is not a number or too large; ``option`` is where it stands."""
    if isinstance(value, float) and not math.isfinite(value):
        in_yaml = str(value).replace("nan", ".nan").replace("inf", ".inf")
        raise OptionError(option, f"expected a finite number, got {in_yaml}")
    if abs(value) > LARGEST:
        raise OptionError(option, f"expected a number of at most {LARGEST:.3g} in size, the largest 32-bit float")


def to_float32(values: npt.NDArray[np.float64], what: str) -> npt.NDArray[np.float32]:
    """The numbers as float32. Raises `DataError`, which calls them ``what``, if one of them is too large for that."""
    # Not <= rather than >, so that nan, with which every comparison is false, is found too.
    wrong = values[~(np.abs(values) <= LARGEST)]
    if wrong.size:
        count = f"{wrong.size} of the {values.size} numbers of {what}"
        raise DataError(
            f"{count} do not fit into a 32-bit float: the first is {wrong[0]:g}, the limit is {LARGEST:.3g}"
        )
    return values.astype(np.float32)
