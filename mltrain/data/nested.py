"""Numbers that stand in a config as lists of lists: whether they are an array, and where they are not."""

import reprlib
from typing import Any

from mltrain.data.float32 import LARGEST, check_number
from mltrain.errors import ConfigPath, OptionError, dotted

DEEPEST = 8
"""More than any array of data needs, and little enough for Python's stack."""


def check_array(values: list[Any], option: ConfigPath) -> None:
    """Raises `OptionError` at the first place where ``values`` are not one rectangular array of finite numbers."""
    shape = array_shape(values)
    if len(shape) > DEEPEST:
        raise OptionError(option, f"lists may stand in each other at most {DEEPEST} deep")
    _check(values, option, shape, option)


def array_shape(values: list[Any]) -> tuple[int, ...]:
    """The shape of an array, read off the first number of all."""
    shape: list[int] = []
    inner: Any = values
    while isinstance(inner, list) and len(shape) <= DEEPEST:
        shape.append(len(inner))
        inner = inner[0] if inner else None
    return tuple(shape)


def is_number(value: object) -> bool:
    """Whether a config's value is a number; true and false are none."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def value_in_words(value: object) -> str:
    """What a config's value is, for messages."""
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    if isinstance(value, dict):
        return "a mapping"
    if isinstance(value, bool):
        return str(value).lower()
    return "nothing" if value is None else reprlib.repr(value)


def _check(value: Any, option: ConfigPath, shape: tuple[int, ...], model: ConfigPath) -> None:
    """``shape`` is what ``value`` must have: that of the first value of its kind, which stands at ``model``."""
    if not shape:
        if not is_number(value):
            raise OptionError(option, f"expected a number, got {value_in_words(value)}")
        check_number(value, option)
        return
    if not isinstance(value, list) or len(value) != shape[0]:
        expected = f"expected a list of {shape[0]}, as {dotted(model)} is"
        raise OptionError(option, f"{expected}, got {value_in_words(value)}")
    if not value:
        raise OptionError(option, "expected numbers, got an empty list")
    for index, inner in enumerate(value):
        if len(shape) == 1 and type(inner) in (float, int) and -LARGEST <= inner <= LARGEST:
            continue  # all of a good row, and much faster than asking the function that has the words
        _check(inner, (*option, index), shape[1:], (*model, 0))
