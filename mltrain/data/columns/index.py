"""Names as whole numbers, for an ``embedding`` layer: what columns of many names become."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
import numpy.typing as npt
from msgspec import Meta

from mltrain.data.columns import (
    ColumnKind,
    ColumnReader,
    Doubles,
    Floats,
    Guess,
    Held,
    LearnedColumn,
    Learning,
    Misfit,
    NameReader,
)
from mltrain.data.columns.category import Category, in_order, none_of
from mltrain.data.tables.cells import BadCell, Missing, canonical

if TYPE_CHECKING:
    from mltrain.data.encoding import Encoding

OTHER, GAP, FIRST = 0, 1, 2
"""The indices of names that are rare or come up later, of missing values, and of the first name."""

_RARE = 2


class IndexColumn(LearnedColumn, frozen=True, kw_only=True, tag="index", forbid_unknown_fields=True):
    """A column of names as one input of whole numbers: 0 for any other name, 1 for a missing value, then the names.

    ``categories`` are the names in the order of their indices, from 2 on. ``fill`` is the name that a missing value
    gets; without it, its index is 1. ``place`` is where the column stands among those of the table: the inputs of
    embedding layers come after all others.
    """

    categories: tuple[str, ...]
    fill: str | None = None
    unknown: Literal["error", "other"] = "other"
    place: int = 0

    def __post_init__(self) -> None:
        if self.fill is not None and self.fill not in self.categories:
            raise ValueError(f"'{self.fill}' is none of the categories of '{self.name}'")

    @property
    def features(self) -> list[str]:
        return [self.name]

    @property
    def needs_values(self) -> bool:
        return self.fill is None and self.unknown == "error"

    def reader(self, missing: Missing) -> NameReader:
        return NameReader(missing)

    def expand(self, codes: Floats | Doubles, reader: ColumnReader, x: Floats, *, strict: bool) -> None:
        assert isinstance(reader, NameReader)
        places, gap = self._places, len(reader.names)
        inputs = np.array([*(places.get(name, OTHER) for name in reader.names), self._gap], np.float32)
        indices = np.where(np.isnan(codes[:, 0]), gap, codes[:, 0]).astype(np.intp)
        x[:, 0] = inputs[indices]
        if strict and (unknown := np.flatnonzero(x[:, 0] == OTHER)).size:
            spelled = reader.spelled()
            if self.unknown == "error":
                raise BadCell(int(unknown[0]), none_of(spelled[indices[unknown[0]]], self.categories))
            reader.strange.update(spelled[indices[row]] for row in unknown)

    def encoding(self, missing: Missing) -> "Encoding":
        from mltrain.data.encoding import ChoiceEncoding

        return ChoiceEncoding(
            self.name,
            (self.name,),
            missing.texts,
            choices=self.categories,
            codes={name: place - FIRST for name, place in self._places.items()},
            vectors=tuple(((0, float(place)),) for place in (*range(FIRST, self._count), GAP, OTHER)),
            gap=None if self.needs_values else len(self.categories) if self.fill is None else self._gap - FIRST,
            unknown=None if self.unknown == "error" else len(self.categories) + 1,
            ignores_case=False,
        )

    def common(self, x: Floats) -> list[tuple[str, int]]:
        counts = np.bincount(x[:, 0].astype(np.intp), minlength=self._count).tolist()
        found = zip(("(other)", "(missing)", *self.categories), counts, strict=True)
        return sorted(found, key=lambda item: -item[1])

    def decode(self, x: Floats) -> list[str]:
        names = ("(other)", "", *self.categories)
        return [names[int(place)] for place in x[:, 0].tolist()]

    @property
    def _count(self) -> int:
        return FIRST + len(self.categories)

    @property
    def _gap(self) -> int:
        return GAP if self.fill is None else FIRST + self.categories.index(self.fill)

    @property
    def _places(self) -> dict[str, int]:
        """The index of each name, and of its common spelling."""
        places = {canonical(name): place for place, name in enumerate(self.categories, FIRST)}
        return places | {name: place for place, name in enumerate(self.categories, FIRST)}


class Index(ColumnKind):
    """Names as whole numbers: an input of its own, under the column's name, that an ``embedding`` layer reads.

    0 is for names that are rare among the rows trained on or come up later, 1 for missing values, and the others are
    the names. So the layer's ``input_dim`` is at least the number of names and 2.
    """

    learned = IndexColumn
    examples: ClassVar[tuple[dict[str, object], ...]] = ({"rare": 5}, {})

    rare: Annotated[int, Meta(ge=1, description="names in fewer rows to train on than this share the index 0")] = _RARE

    def examine(self, held: Held) -> Guess | Misfit:
        found = Category().examine(held)
        return found if isinstance(found, Misfit) else found._replace(kind=self, confidence=0.0)

    def reader(self, missing: Missing, guess: Guess | None) -> NameReader:
        return NameReader(missing)

    def learn(self, rows: Learning) -> IndexColumn:
        reader, codes = rows.reader, rows.codes[:, 0]
        assert isinstance(reader, NameReader)
        names = reader.spelled()
        counts = np.bincount(codes[~np.isnan(codes)].astype(np.intp), minlength=len(names))
        kept = _names(names, counts >= (self.rare if rows.unknown is None else 1))
        fill = None
        if rows.gaps not in (None, "error", "drop"):
            fill = next(iter(_names(names, (counts > 0) & (counts == counts.max()))), None)
            kept = kept if fill is None or fill in kept else tuple(in_order([*kept, fill]))
        return IndexColumn(
            name=rows.name,
            reason=rows.reason,
            categories=kept,
            fill=fill,
            unknown="error" if rows.unknown == "error" else "other",
        )


def _names(names: Sequence[str], chosen: npt.NDArray[np.bool_]) -> tuple[str, ...]:
    return tuple(in_order([names[number] for number in np.flatnonzero(chosen).tolist()]))
