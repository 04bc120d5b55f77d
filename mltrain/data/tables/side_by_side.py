"""A table as several models read it: the inputs of each, side by side."""

from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from mltrain.data.tables.format import TableFormat
from mltrain.data.tables.source import Block, Novelties, Source
from mltrain.data.tables.survey import RawTable

if TYPE_CHECKING:
    from mltrain.data.encoding import Encoding

Floats = npt.NDArray[np.float32]


class SideBySide(TableFormat, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """The table formats of several models that learned from other rows of the same columns.

    ``columns`` are those of the first. A row has the inputs of the first format, then those of the second, and so on.
    """

    formats: tuple[TableFormat, ...]

    @classmethod
    def of(cls, formats: Sequence[TableFormat]) -> "SideBySide":
        first = {name: getattr(formats[0], name) for name in TableFormat.__struct_fields__}
        return cls(**first, formats=tuple(formats))

    @property
    def features(self) -> list[str]:
        return [name for one in self.formats for name in one.features]

    @property
    def origins(self) -> npt.NDArray[np.float64]:
        return np.concatenate([one.origins for one in self.formats])

    @property
    def is_side_by_side(self) -> bool:
        return True

    @property
    def as_text(self) -> bool:
        return any(one.as_text for one in self.formats)

    def encodings(self) -> "list[Encoding]":
        return [encoding for one in self.formats for encoding in one.encodings()]

    def encode(self, source: Source, block: Block) -> Floats:
        with _met_once(source) as met:
            found = []
            for one in self.formats:
                source.novelties = Novelties()
                found.append(one.encode(source, block))
                met.append(source.novelties)
        return np.concatenate(found, axis=1)

    def expand(self, table: RawTable) -> Floats:
        # A format of numbers alone works in the memory of the table.
        return np.concatenate(
            [one.expand(replace(table, features=table.features.copy())) for one in self.formats], axis=1
        )


@contextmanager
def _met_once(source: Source) -> Iterator[list[Novelties]]:
    """Count what several formats met in the same cells once: as new where it is new to one of them."""
    before, met = source.novelties, list[Novelties]()
    try:
        yield met
    finally:
        source.novelties = before
    for column in dict.fromkeys(name for one in met for name in (*one.gaps, *one.unknown)):
        unknown = Counter[str]()
        for one in met:
            unknown |= one.unknown.get(column, Counter())
        before.add(column, max(one.gaps[column] for one in met), unknown)
