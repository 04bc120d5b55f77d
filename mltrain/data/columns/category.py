"""Names: which of them become inputs, and what becomes of rare, unknown and missing ones."""

from typing import TYPE_CHECKING, Annotated, ClassVar, Literal

import numpy as np
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
from mltrain.data.columns.number import Number
from mltrain.data.tables.cells import BadCell, Missing, canonical
from mltrain.data.tables.notation import as_number
from mltrain.errors import Worded

if TYPE_CHECKING:
    from mltrain.data.encoding import Encoding

MOST_CATEGORIES = 1000
"""Names of a column that become an input each; the others, the rarest, share one."""

RARE = 5
"""Rows that a name needs to have an input of its own, in tables of `MANY_ROWS` rows to train on or more."""

MANY_ROWS = 100

_MOST_INPUTS = 50_000_000
"""Inputs of all rows together that one column may make: 200 MB."""

_MOST_NAMES, _MOST_FOR_CALLERS = 8, 40


class CategoryColumn(LearnedColumn, frozen=True, kw_only=True, tag="category", forbid_unknown_fields=True):
    """A column of names. Each becomes one input for each category, in this order: 1 for its own, 0 for the others.

    ``gap_input`` is one more for missing values; without it, ``fill`` is the category that they get. ``other`` is one
    more for all names that are none of the categories, if ``unknown`` says that these are welcome. Without it such a
    name is 0 in all inputs.
    """

    categories: tuple[str, ...]
    fill: str | None = None
    unknown: Literal["error", "ignore", "other"] = "error"
    gap_input: bool = False
    other: bool = False

    def __post_init__(self) -> None:
        if self.fill is not None and self.fill not in self.categories:
            raise ValueError(f"'{self.fill}' is none of the categories of '{self.name}'")

    @property
    def features(self) -> list[str]:
        more = [("missing", self.gap_input), ("other", self.other)]
        return [f"{self.name}={name}" for name in (*self.categories, *(name for name, there in more if there))]

    @property
    def needs_values(self) -> bool:
        return self.fill is None and self.unknown != "other"

    def reader(self, missing: Missing) -> NameReader:
        return NameReader(missing)

    def expand(self, codes: Floats | Doubles, reader: ColumnReader, x: Floats, *, strict: bool) -> None:
        assert isinstance(reader, NameReader)
        numbers = {canonical(category): index for index, category in enumerate(self.categories)}
        numbers |= {category: index for index, category in enumerate(self.categories)}
        count = len(self.categories)
        nowhere = count + self.gap_input if self.other else len(self.features)
        places = [numbers.get(name, -1) for name in reader.names]
        gap = numbers[self.fill] if self.fill is not None else count if self.gap_input else len(self.features)
        inputs = np.array([*(nowhere if place < 0 else place for place in places), gap], np.intp)
        absent = np.isnan(codes[:, 0])
        indices = np.where(absent, len(places), codes[:, 0]).astype(np.intp)
        if strict and -1 in places:
            unknown = np.flatnonzero(np.array([*(place < 0 for place in places), False])[indices])
            if self.unknown == "error" and unknown.size:
                raise BadCell(int(unknown[0]), none_of(reader.spelled()[indices[unknown[0]]], self.categories))
            spelled = reader.spelled()
            reader.strange.update(spelled[indices[row]] for row in unknown)
        np.equal(inputs[indices][:, None], np.arange(len(self.features)), out=x, casting="unsafe")

    def encoding(self, missing: Missing) -> "Encoding":
        from mltrain.data.encoding import ChoiceEncoding

        count = len(self.categories)
        codes = {canonical(category): index for index, category in enumerate(self.categories)}
        codes |= {category: index for index, category in enumerate(self.categories)}
        vectors: list[tuple[tuple[int, float], ...]] = [((index, 1.0),) for index in range(len(self.features))]
        nothing = len(vectors)
        gap = codes[self.fill] if self.fill is not None else count if self.gap_input else nothing
        other = count + self.gap_input if self.other else nothing
        return ChoiceEncoding(
            self.name,
            tuple(self.features),
            missing.texts,
            choices=self.categories,
            codes=codes,
            vectors=(*vectors, ()),
            gap=None if self.needs_values else gap,
            unknown=None if self.unknown == "error" else other,
            ignores_case=False,
        )

    def common(self, x: Floats) -> list[tuple[str, int]]:
        counts = x.sum(axis=0, dtype=np.float64).astype(int).tolist()
        names = [*self.categories, *["(missing)"] * self.gap_input, *["(other)"] * self.other]
        return sorted(zip(names, counts, strict=True), key=lambda item: -item[1])

    def decode(self, x: Floats) -> list[str]:
        names = [*self.categories, *[""] * self.gap_input, *["(other)"] * self.other]
        return [names[int(row.argmax())] if row.any() else "" for row in x]


def why_no_numbers(held: Held, found: Guess | Misfit) -> str:
    """The reason why a column with digits in its cells is not one of numbers, as the end of a sentence."""
    if isinstance(found, Guess):
        return f", for {found.reason}" if found.confidence < 0.5 else ""
    has_digits = any(text.strip("()-")[:1].isdigit() or text[-1].isdigit() for text in held.counts)
    return f", for {found.text!r} {found.why}" if has_digits and found.why != "is no number" else ""


def none_of(text: str, names: tuple[str, ...]) -> str:
    """What to say of a name that was not learned."""

    def some(most: int) -> str:
        return ", ".join(names[:most]) + (", ..." if len(names) > most else "")

    few = some(_MOST_NAMES)
    what = f"{text!r} is none of the names learned from: "
    return Worded(what, python=few, commands=few, callers=some(_MOST_FOR_CALLERS))


class Category(ColumnKind):
    """Names: one input for each, 1 for its own and 0 for all others.

    Names that are rare among the rows trained on share one input, ``other``, as do names that come up later; a missing
    value is a name of its own. 1 and 1.0 are one name, and so are true, True and TRUE.
    """

    learned = CategoryColumn
    examples: ClassVar[tuple[dict[str, object], ...]] = ({"rare": 10}, {})

    rare: Annotated[
        Annotated[int, Meta(ge=1)] | None,
        Meta(
            description="names in fewer rows to train on than this share one input; by default 5, "
            "and 1 in tables of less than 100 rows"
        ),
    ] = None

    def examine(self, held: Held) -> Guess | Misfit:
        if not held.counts:
            return Misfit("", "the column is empty")
        names = {canonical(text) for text in held.counts}
        one = "1 text or nothing" if held.missing else "1 text"
        reason = one if len(names) == 1 else f"{held.different(len(names))} texts"
        numbers = Number().examine(held)
        if isinstance(numbers, Guess) and numbers.confidence >= 0.5:
            reason = f"{held.different(len(names))} numbers taken for names"
        else:
            reason += why_no_numbers(held, numbers)
        return Guess(self, 0.5, reason)

    def reader(self, missing: Missing, guess: Guess | None) -> NameReader:
        return NameReader(missing)

    def learn(self, rows: Learning) -> CategoryColumn:
        reader = rows.reader
        assert isinstance(reader, NameReader)
        names = reader.spelled()
        codes = rows.codes[:, 0]
        counts = np.bincount(codes[~np.isnan(codes)].astype(np.intp), minlength=len(names))
        least, most = 1, len(names)
        if rows.unknown is None:
            least = self.rare or (RARE if len(codes) >= MANY_ROWS else 1)
            most = max(2, min(MOST_CATEGORIES, _MOST_INPUTS // max(1, len(codes))))
        kept = [number for number in np.argsort(-counts, kind="stable")[:most] if counts[number] >= least]
        if rows.unknown is None and len(kept) == sum(counts > 0) - 1 and sum(counts > 0) <= most and self.rare is None:
            # One rare name alone is no other than itself, and says more under its own name.
            kept = [number for number in range(len(names)) if counts[number]]
        is_pooled = rows.unknown is None and len(kept) < np.count_nonzero(counts)
        fill = None
        if rows.gaps not in (None, "error", "drop"):
            if not counts.any():
                raise ValueError("is empty in all rows to train on; name it in ignore")
            fill = in_order([names[number] for number in np.flatnonzero(counts == counts.max())])[0]
        return CategoryColumn(
            name=rows.name,
            reason=rows.reason,
            categories=tuple(in_order([names[number] for number in kept])),
            fill=fill,
            unknown=rows.unknown or "other",
            gap_input=rows.gaps is None and bool(np.isnan(codes).any()),
            other=bool(is_pooled),
        )


def in_order(names: list[str]) -> list[str]:
    """Names in the order of their numbers, if all are numbers, or else of their letters."""
    numbers = {name: as_number(name) for name in names}
    by_number = all(number is not None for number in numbers.values())
    return sorted(names, key=lambda name: (numbers[name] or 0.0, name) if by_number else (0.0, name))
