"""C source text: literals, and the functions of ``runtime/operations.h`` for the types that a model needs."""

import re
from collections.abc import Iterable, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.export.base import Identifiers

WIDTH = 120
POINTER = 4
"""Bytes of a pointer on the machines that headers are for."""

_WORDS = (
    "alignas alignof and asm auto bitand bitor bool break case catch char class compl const constexpr continue default "
    "delete do double else enum explicit export extern false float for friend goto if inline int int32_t int8_t long "
    "mutable namespace new not nullptr operator or private protected public register restrict return short signed "
    "sizeof static struct switch template this throw true try typedef typeid typename uint8_t union unsigned using "
    "virtual void volatile wchar_t while xor NAN HUGE_VALF"
)
KEYWORDS = frozenset(_WORDS.split())
"""Words that are no names in C or C++."""

_LIBRARY = Path(__file__).parent / "runtime" / "operations.h"


def number(value: Any, suffix: str = "f") -> str:
    """A floating-point literal with no more digits than the type has."""
    value = float(value)
    if value != value:
        return "NAN"
    if value in (float("inf"), float("-inf")):
        return "HUGE_VALF" if value > 0 else "-HUGE_VALF"
    text = str(np.float32(value)) if suffix else repr(value)
    return f"{text}{'' if re.search('[.e]', text) else '.0'}{suffix}"


def string(text: str) -> str:
    """A string literal of UTF-8. What C could read as an escape or a trigraph is in octal digits."""
    codes = [
        chr(byte) if 32 <= byte < 127 and chr(byte) not in '"\\?' else f"\\{byte:03o}" for byte in text.encode("utf-8")
    ]
    return f'"{"".join(codes)}"'


def comment(text: str) -> str:
    """A text that may stand in a comment."""
    return text.replace("*/", "* /").replace("/*", "/ *")


def values(items: Iterable[str]) -> list[str]:
    """Lines of values, with commas."""
    lines, line = list[str](), "   "
    for item in items:
        if len(line) + len(item) + 2 > WIDTH:
            lines.append(line)
            line = "   "
        line += f" {item},"
    return [*lines, line] if line.strip() else lines


def array(kind: str, name: str, numbers: npt.NDArray[Any]) -> list[str]:
    """A constant array."""
    flat = numbers.reshape(-1)
    texts = map(number, flat.tolist()) if flat.dtype == np.float32 else map(str, flat.tolist())
    return [f"static const {kind} {name}[{flat.size}] = {{", *values(texts), "};"]


@cache
def _library() -> dict[str, str]:
    """The blocks of the library by the name that each defines."""
    blocks = re.split(r"\n\n", _LIBRARY.read_text("utf-8").split("*/\n\n", 1)[1])
    found = {}
    for block in blocks:
        name = re.search(r"NAME_(\w+)\(", block) or re.search(r"\} NAME_(\w+);", block)
        assert name is not None
        found[name[1]] = block.rstrip("\n")
    return found


class Constants:
    """The constants of a header, as lines of source, and the ``bytes`` that they take."""

    def __init__(self, prefix: str, names: Identifiers):
        self._prefix, self._names = prefix, names
        self.lines: list[str] = []
        self.bytes = 0

    def array(self, kind: str, name: str, values: npt.NDArray[Any]) -> str:
        """Add an array; the name that it has."""
        name = self._names(f"{self._prefix}_{name}")
        self.lines += array(kind, name, values)
        self.bytes += values.nbytes
        return name

    def struct(self, kind: str, name: str, fields: Iterable[Any], size: int) -> str:
        """Add a struct of so many bytes; the name that it has."""
        name = self._names(f"{self._prefix}_{name}")
        self.lines.append(f"static const {self._prefix}_{kind} {name} = {{{', '.join(map(str, fields))}}};")
        self.bytes += size
        return name


class Library:
    """The functions that a model needs, each in the types that it is needed in."""

    def __init__(self, prefix: str):
        self._prefix = prefix
        self._blocks: dict[str, str] = {}

    def function(self, name: str, x: str = "float", weights: str = "float") -> str:
        """The name of a function for inputs and weights of these types; its text is in `blocks` from then on."""
        block = _library()[name]
        full = name + ("_u8" if x != "float" and "XTYPE" in block else "")
        full += "_i8" if weights != "float" and "WTYPE" in block else ""
        if full not in self._blocks:
            used = {other for other in re.findall(r"NAME_(\w+)", block) if other != name and other in _library()}
            for other in sorted(used):
                own = self.function(other, x, weights).removeprefix(f"{self._prefix}_")
                block = block.replace(f"NAME_{other}(", f"NAME_{own}(")
            dropped = "PLAIN" if weights != "float" else "SCALE"
            lines = [line for line in block.splitlines() if f"/* {dropped} */" not in line]
            text = re.sub(r" /\* (?:SCALE|PLAIN) \*/", "", "\n".join(lines))
            if weights == "float":
                text = re.sub(r"const float \*scale,\s*", "", text)
            text = text.replace(f"NAME_{name}(", f"NAME_{full}(").replace("XTYPE", x).replace("WTYPE", weights)
            self._blocks[full] = text.replace("NAME_", f"{self._prefix}_")
        return f"{self._prefix}_{full}"

    @property
    def blocks(self) -> Sequence[str]:
        """The source of all functions that were asked for, each behind those that it needs."""
        return list(self._blocks.values())
