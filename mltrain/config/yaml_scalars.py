"""The values of unquoted YAML scalars: the core schema of YAML 1.2 (https://yaml.org/spec/1.2.2/#103-core-schema).

PyYAML follows YAML 1.1, in which ``1e-3`` is a string and ``on`` and ``no`` are booleans.
"""

import re

Scalar = None | bool | int | float | str

_WORDS: dict[str, Scalar] = {
    **dict.fromkeys(("", "~", "null", "Null", "NULL"), None),
    **dict.fromkeys(("true", "True", "TRUE"), True),
    **dict.fromkeys(("false", "False", "FALSE"), False),
    **dict.fromkeys((".nan", ".NaN", ".NAN"), float("nan")),
    **{sign + word: float(sign + "inf") for sign in ("", "+", "-") for word in (".inf", ".Inf", ".INF")},
}
_DECIMAL = re.compile(r"[-+]?[0-9]+")
_PREFIXED = re.compile(r"0o[0-7]+|0x[0-9a-fA-F]+")
_FLOAT = re.compile(r"[-+]?(\.[0-9]+|[0-9]+(\.[0-9]*)?)([eE][-+]?[0-9]+)?")

_MOST_DIGITS = 300
"""Longer integers are read as floats (mostly inf): Python refuses to convert very long integers to text."""


def resolve(word: str) -> Scalar:
    """The value of a plain (unquoted) scalar."""
    if word in _WORDS:
        return _WORDS[word]
    if word[0] not in "+-.0123456789":
        return word
    if _DECIMAL.fullmatch(word):
        return int(word) if len(word) <= _MOST_DIGITS else float(word)
    if _PREFIXED.fullmatch(word):
        return int(word, 0) if len(word) <= _MOST_DIGITS else float("inf")
    return float(word) if _FLOAT.fullmatch(word) else word


def written(value: bool | int | float | None) -> str:
    """A value as `resolve` reads it: ``true``, ``null``, ``1e-07``, ``.nan``."""
    if value is None:
        return "null"
    if isinstance(value, bool):
        return "true" if value else "false"
    text = str(value)
    return text.replace("inf", ".inf").replace("nan", ".nan")
