import re
from collections.abc import Mapping
from math import prod
from pathlib import Path
from typing import Annotated, Any, ClassVar

import numpy as np
from msgspec import Meta

from mltrain.data.base import DatasetSpec, InputSpec, RawArrays, RawData, RowSpec, Split
from mltrain.data.nested import array_shape, check_array, is_number, value_in_words
from mltrain.data.splitting import rows_in_words
from mltrain.errors import OptionError

_Rows = Annotated[list[Any], Meta(extra_json_schema={"items": {"type": ["number", "array"]}, "minItems": 1})]

_NAME = re.compile("[A-Za-z0-9_]+")


class Inline(DatasetSpec):
    """Rows that stand in the config itself: ``x`` lists the inputs, ``y`` what belongs to each of them.

    x is float32: a number a row becomes ``(rows, 1)``, a list of numbers a row ``(rows, numbers)``, and deeper lists,
    such as images, keep their shape. Numbers in y become float32 ``(rows, 1)``, rows of numbers ``(rows, outputs)``,
    and deeper lists ``(rows, positions, outputs)``.
    Several inputs of a network have a name each, as in ``x: {left: [...], right: [...]}``. Layers read them by
    ``inputs: [left]``; in a row they lie one behind the other.
    Names become int32 class numbers ``(rows,)``: the one that comes first is class 0, the next new one class 1, ...
    """

    examples: ClassVar[tuple[dict[str, Any], ...]] = (
        {"x": [-1, 0, 1, 2], "y": [-2, 1, 4, 7]},
        {"x": [[0, 0], [0, 1], [1, 0], [1, 1]], "y": [[0, 1], [1, 0], [1, 0], [0, 1]], "test_split": 0.25},
        {"x": [[[0, 1], [1, 0]], [[1, 0], [0, 1]], [[1, 1], [0, 0]]], "y": ["rising", "falling", "falling"]},
        {"x": {"left": [1, 2], "right": [[3, 4], [5, 6]]}, "y": [0, 1]},
    )

    x: Annotated[
        _Rows | dict[str, _Rows],
        Meta(
            description="the inputs: a number, or a list of numbers, for each row; or such a list for each named input"
        ),
    ]
    y: Annotated[
        list[Any],
        Meta(
            description="the targets: a number, a list of numbers or the name of a class, for each row",
            extra_json_schema={"items": {"type": ["number", "array", "string"]}, "minItems": 1},
        ),
    ]

    def __post_init__(self) -> None:
        super().__post_init__()
        if self.x == {}:
            raise OptionError(("x",), "expected at least one input, got none")
        for path, values in [*self._inputs(), (("y",), self.y)]:
            if not values:
                raise OptionError(path, "expected at least one row, got an empty list")
        for path, values in self._inputs():
            if not _NAME.fullmatch(path[-1]):
                raise OptionError(path, "expected a name of letters, digits and '_' for an input")
            check_array(values, path)
        self._check_targets()
        for path, values in self._inputs():
            if len(values) != len(self.y):
                raise OptionError(("y",), f"{'.'.join(path)} has {rows_in_words(len(values))}, but y has {len(self.y)}")

    def _inputs(self) -> list[tuple[tuple[str, ...], list[Any]]]:
        """The rows of each input, with the path of the option that lists them."""
        return (
            [(("x", name), rows) for name, rows in self.x.items()] if isinstance(self.x, dict) else [(("x",), self.x)]
        )

    def _check_targets(self) -> None:
        first = self.y[0]
        for index, target in enumerate(self.y):
            if not (isinstance(target, str | list) or is_number(target)):
                expected = "a number, a list of numbers or the name of a class"
                advice = "; write 1 and 0, or names in quotes" if isinstance(target, bool) else ""
                raise OptionError(("y", index), f"expected {expected}, got {value_in_words(target)}{advice}")
            if isinstance(target, str) != isinstance(first, str):
                other = f"y[{index}] is {value_in_words(target)}"
                mixed = f"y mixes names and numbers: y[0] is {value_in_words(first)}, but {other}"
                raise OptionError(("y", index), f"{mixed}; a number that is meant as a name stands in quotes")
        if isinstance(first, str):
            return
        check_array(self.y, ("y",))

    def known_row_spec(self, folder: Path) -> RowSpec:
        shapes = [array_shape(rows)[1:] or (1,) for _, rows in self._inputs()]
        named: Mapping[str, InputSpec] = {}
        input_shape = shapes[0]
        if isinstance(self.x, dict):
            named = {name: InputSpec(shape) for name, shape in zip(self.x, shapes, strict=True)}
            input_shape = (sum(map(prod, shapes)),)
        if isinstance(self.y[0], str):
            return RowSpec(input_shape, classes=tuple(dict.fromkeys(self.y)), named_inputs=named)
        *positions, outputs = array_shape(self.y)[1:] or (1,)
        return RowSpec(input_shape, outputs, positions=tuple(positions), named_inputs=named)

    def count(self) -> int:
        return len(self.y)

    def read(self, seed: int, folder: Path) -> RawData:
        row_spec = self.known_row_spec(folder)
        inputs = [np.array(rows, np.float32).reshape(len(self.y), -1) for _, rows in self._inputs()]
        x = np.concatenate(inputs, axis=1).reshape(len(self.y), *row_spec.input_shape)
        if row_spec.classes is None:
            y = np.array(self.y, np.float32).reshape(len(self.y), *row_spec.positions, row_spec.outputs)
            return RawArrays(row_spec, Split(x, y))
        number = {name: index for index, name in enumerate(row_spec.classes)}
        return RawArrays(row_spec, Split(x, np.array([number[name] for name in self.y], np.int32)))
