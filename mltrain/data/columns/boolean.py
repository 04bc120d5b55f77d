"""Yes and no, in several languages."""

from typing import TYPE_CHECKING

import numpy as np

from mltrain.data.columns import (
    COMMON_GAPS,
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
    few,
)
from mltrain.data.tables.cells import Missing, canonical

if TYPE_CHECKING:
    from mltrain.data.encoding import Encoding

_PAIRS = (
    ("no", "yes"),
    ("n", "y"),
    ("false", "true"),
    ("f", "t"),
    ("nein", "ja"),
    ("non", "oui"),
    ("no", "si"),
    ("no", "sí"),
    ("nee", "ja"),
    ("nej", "ja"),
    ("n", "j"),
    ("n", "o"),
    ("não", "sim"),
    ("nao", "sim"),
    ("nie", "tak"),
    ("ne", "ano"),
    ("ne", "da"),
    ("ei", "kyllä"),
    ("hayır", "evet"),
    ("нет", "да"),
    ("ні", "так"),
    ("否", "是"),
    ("いいえ", "はい"),
    ("falsch", "wahr"),
    ("faux", "vrai"),
    ("falso", "verdadero"),
    ("off", "on"),
)
_NO, _YES = {no for no, _ in _PAIRS} | {"0"}, {yes for _, yes in _PAIRS} | {"1"}


def _folded(text: str) -> str:
    return canonical(text).casefold()


class BooleanColumn(LearnedColumn, frozen=True, kw_only=True, tag="boolean", forbid_unknown_fields=True):
    """A column of yes and no: one input, 1 for ``yes``; a gap is ``fill``, and has an input where gaps are common."""

    no: str
    yes: str
    fill: float | None = None
    gap_input: bool = False

    @property
    def features(self) -> list[str]:
        return [f"{self.name}={self.yes}", *[f"{self.name}=missing"] * self.gap_input]

    @property
    def needs_values(self) -> bool:
        return self.fill is None

    def reader(self, missing: Missing) -> NameReader:
        return NameReader(missing, _folded)

    def expand(self, codes: Floats | Doubles, reader: ColumnReader, x: Floats, *, strict: bool) -> None:
        assert isinstance(reader, NameReader)
        values = [self._value(name) for name in reader.names]
        absent = np.isnan(codes[:, 0])
        indices = np.where(absent, len(values), codes[:, 0]).astype(np.intp)
        found = np.array([*values, np.nan], np.float32)[indices]
        unknown = np.isnan(found)
        if strict and (strange := np.flatnonzero(unknown & ~absent)).size:
            spelled = reader.spelled()
            reader.strange.update(spelled[indices[row]] for row in strange)
        x[:, 0] = np.where(unknown, 0.5 if self.fill is None else self.fill, found)
        if self.gap_input:
            x[:, 1] = unknown

    def encoding(self, missing: Missing) -> "Encoding":
        from mltrain.data.encoding import ChoiceEncoding

        words = {*_NO, *_YES, self.no.casefold(), self.yes.casefold()}
        neither: tuple[tuple[int, float], ...] = ((0, 0.5 if self.fill is None else self.fill),)
        return ChoiceEncoding(
            self.name,
            tuple(self.features),
            missing.texts,
            choices=(self.no, self.yes),
            codes={word: int(self._value(word)) for word in sorted(words)},
            vectors=((), ((0, 1.0),), (*neither, (1, 1.0)) if self.gap_input else neither),
            gap=None if self.needs_values else 2,
            unknown=2,
            ignores_case=True,
        )

    def _value(self, name: str) -> float:
        for text, value in ((self.no, 0.0), (self.yes, 1.0)):
            if name == text.casefold():
                return value
        return 0.0 if name in _NO else 1.0 if name in _YES else np.nan

    def decode(self, x: Floats) -> list[str]:
        said = {0.0: self.no, 1.0: self.yes}
        gaps = x[:, 1].tolist() if self.gap_input else [0.0] * len(x)
        return ["" if gap else said.get(value, "") for value, gap in zip(x[:, 0].tolist(), gaps, strict=True)]


class Boolean(ColumnKind):
    """Yes and no, true and false, ja and nein, t and f, ...: one input, 1 for yes and 0 for no."""

    learned = BooleanColumn

    def examine(self, held: Held) -> Guess | Misfit:
        found = {_folded(text): text for text in held.counts}
        for no, yes in (*_PAIRS, ("0", "1")):
            if set(found) == {no, yes}:
                is_number = yes == "1"
                reason = f"all cells are {found[yes]!r} or {found[no]!r}"
                return Guess(self, 0.3 if is_number else 0.97, reason, (found[no], found[yes]))
        both = {no: yes for no, yes in (*_PAIRS, ("0", "1")) if no in found and yes in found}
        if len(both) > 1 and {*both, *both.values()} == set(found):  # as in y, n, yes and no
            return Guess(self, 0.97, f"all cells are {few(list(found.values()), len(found))}")
        odd = next((text for folded, text in found.items() if folded not in _NO | _YES), next(iter(held.counts), ""))
        return Misfit(odd, "is neither yes nor no" if len(found) > 1 else "stands alone, without its opposite")

    def reader(self, missing: Missing, guess: Guess | None) -> NameReader:
        return NameReader(missing, _folded)

    def learn(self, rows: Learning) -> BooleanColumn:
        reader, codes = rows.reader, rows.codes[:, 0]
        assert isinstance(reader, NameReader)
        names = dict(zip(reader.names, reader.spelled(), strict=True))
        for name, text in names.items():
            if name not in _NO | _YES:
                raise ValueError(f"{text!r} is neither yes nor no; take the column for names: columns: category")
        no = next((text for name, text in names.items() if name in _NO), "no")
        yes = next((text for name, text in names.items() if name in _YES), "yes")
        column = BooleanColumn(name=rows.name, reason=rows.reason, no=no, yes=yes)
        if rows.gaps in ("error", "drop"):
            return column
        share = rows.gap_share
        x = np.empty((len(codes), 1), np.float32)
        column.expand(rows.codes, reader, x, strict=False)
        present = x[~np.isnan(codes), 0]
        mean = float(np.mean(present, dtype=np.float64)) if present.size else 0.5
        fill = float(mean >= 0.5) if rows.gaps == "most_frequent" else mean
        return BooleanColumn(
            name=rows.name,
            reason=rows.reason,
            no=no,
            yes=yes,
            fill=fill,
            gap_input=rows.gaps is None and share >= COMMON_GAPS,
        )
