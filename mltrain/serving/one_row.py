"""The inputs of a single row, without the readers of whole columns, which take longer than the network.

Only cells that need no second look are encoded here: numbers that are numbers, and names that were learned as they are
written. Whatever else a cell may be, `TableFormat.encode` decides, and finds the words for it.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.data.encoding import ChoiceEncoding, Encoding, NumberEncoding
from mltrain.data.tables.cells import Missing, canonical
from mltrain.data.tables.format import TableFormat
from mltrain.data.tables.frames import EXACT
from mltrain.data.tables.notation import as_number


class RowEncoder:
    """Encodes rows ``{column: cell}`` of a table. ``names`` are its columns, once each."""

    def __init__(self, table: TableFormat):
        encodings = table.encodings()
        self.names = list(dict.fromkeys(one.column for one in encodings))
        self._width = sum(len(one.inputs) for one in encodings)
        self._numbers: list[tuple[str, int, float, set[float]]] = []
        self._choices: list[tuple[str, int, dict[str, tuple[tuple[int, float], ...]]]] = []
        self._others = False
        start = 0
        for one in encodings:
            if isinstance(one, NumberEncoding):
                self._numbers.append((one.column, start, one.origin, _missing_numbers(one)))
            elif isinstance(one, ChoiceEncoding):
                self._choices.append((one.column, start, _vectors(one)))
            else:
                self._others = True
            start += len(one.inputs)

    def encode(self, row: Mapping[str, Any]) -> npt.NDArray[np.float32] | None:
        """The inputs ``(1, inputs)``; None where a cell is no plain number, or no name that was learned."""
        if self._others:
            return None
        x = np.zeros((1, self._width))
        try:
            for column, place, origin, missing in self._numbers:
                cell = row[column]
                if type(cell) not in (float, int) or not -EXACT < cell < EXACT or cell in missing:
                    return None
                x[0, place] = cell - origin
            for column, place, vectors in self._choices:
                for offset, value in vectors[row[column]]:
                    x[0, place + offset] = value
        except (KeyError, TypeError):
            return None
        return x.astype(np.float32)


def _missing_numbers(encoding: Encoding) -> set[float]:
    return {number for text in encoding.missing if (number := as_number(text)) is not None}


def _vectors(encoding: ChoiceEncoding) -> dict[str, tuple[tuple[int, float], ...]]:
    """The inputs of each name that was learned, as it is written."""
    found = {}
    for text in encoding.choices:
        spelling = canonical(text)
        number = encoding.codes.get(spelling.casefold() if encoding.ignores_case else spelling)
        if number is not None and text not in Missing(encoding.missing):
            found[text] = encoding.vectors[number]
    return found
