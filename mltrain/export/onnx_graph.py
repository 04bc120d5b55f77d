"""A graph of ONNX under construction, as plain data: nodes, the constants that they read, and unique names."""

from dataclasses import dataclass, field
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[Any]

_SMALL = 64
"""Constants of no more numbers are stored once, however many nodes read them."""


class Node(NamedTuple):
    """An operator with the names of what it reads and makes."""

    operator: str
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]
    attributes: dict[str, Any]


@dataclass
class Graph:
    """Collects nodes; calling it adds one. ``scope`` begins the names of what is added.

    Arrays of strings are of dtype object. ``taken`` are names that inputs and outputs have.
    """

    taken: set[str]
    scope: str = ""
    nodes: list[Node] = field(default_factory=list)
    constants: dict[str, Array] = field(default_factory=dict)
    _small: dict[tuple[str, tuple[int, ...], bytes], str] = field(default_factory=dict)

    def __call__(self, operator: str, *inputs: Any, named: str = "", outputs: int = 1, **attributes: Any) -> str:
        """Add a node, and return the name of its first output. Inputs that are not names become constants."""
        read = tuple(one if isinstance(one, str) else self.constant(one) for one in inputs)
        made = tuple(named or self._name(operator.lower()) for _ in range(outputs))
        self.nodes.append(Node(operator, read, made, attributes))
        return made[0]

    def constant(self, value: Any, named: str = "constant") -> str:
        """The name of a constant. Python's integers are int64, texts are strings, and floats are float32."""
        array = np.asarray(value)
        if array.dtype.kind == "U":
            array = array.astype(object)
        elif array.dtype == np.float64 and not isinstance(value, np.ndarray | np.float64):
            array = array.astype(np.float32)
        key = (
            array.dtype.str,
            array.shape,
            repr(array.tolist()).encode() if array.dtype == object else array.tobytes(),
        )
        if array.size <= _SMALL and key in self._small:
            return self._small[key]
        name = self._name(named)
        self.constants[name] = array
        if array.size <= _SMALL:
            self._small[key] = name
        return name

    def free(self, name: str) -> str:
        """The name, or one like it that nothing has yet; it is taken from now on."""
        found, count = name, 2
        while found in self.taken:
            found, count = f"{name}_{count}", count + 1
        self.taken.add(found)
        return found

    def _name(self, word: str) -> str:
        return self.free(f"{self.scope}/{word}" if self.scope else word)


class Port(NamedTuple):
    """An input or output of the graph: its element type ("float", "double", "string", "int32"), and a row's shape.

    A text in the shape names a length that differs from call to call.
    """

    name: str
    kind: str
    shape: tuple[int | str, ...]
    about: str = ""
