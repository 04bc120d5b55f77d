"""Texts in words: which words become inputs, and how much each counts (tf-idf)."""

import re
from collections import Counter
from typing import TYPE_CHECKING, Annotated, ClassVar

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
from mltrain.data.columns.category import RARE
from mltrain.data.tables.cells import Missing

if TYPE_CHECKING:
    from mltrain.data.encoding import Encoding

MARKS = r"\u0591-\u05bd\u064b-\u065f" + "".join(
    rf"\u{block:04x}-\u{block + 3:04x}\u{block + 0x3A:04x}-\u{block + 0x4F:04x}" for block in range(0x900, 0xD80, 0x80)
)
"""Signs for vowels in Hebrew, Arabic and the scripts of India, which are parts of words."""

SINGLE = r"\u3040-\u30ff\u3400-\u9fff\uf900-\ufaff"
"""Characters of Chinese and Japanese, which have no spaces between words: each of them counts as a word."""

_WORD = rf"(?:(?![{SINGLE}])[^\W\d_]|[{MARKS}])+"
WORD = re.compile(rf"{_WORD}(?:['’]{_WORD})?|\d+|[!?£$€%{SINGLE}]")
_UNSPACED = re.compile(rf"[{SINGLE}\u0e00-\u0eff\u1000-\u109f\u1780-\u17ff]")  # and Thai, Lao, Burmese, Khmer
_PIECE = re.compile(r"[^\s|,;]+")
_LETTER = re.compile(r"[^\W\d_]")
_MOST_INPUTS = 50_000_000
"""Inputs of all rows together that one column may make: 200 MB."""

_FEWEST_WORDS = 50
_FEW = 20
_COMMON = 3
"""Rows in which a word has to stand before it says something about others than its own."""

_MANY_ROWS, _FEWEST_ROWS, _FEWEST_ROWS_OF_NAMES = 100, 2, 20
_SHORT = 6
"""Words that texts have on average which are not just names."""

_SIZE = 4.0
"""The length of the vector that a text becomes: with it, single words are about as large as standardized numbers."""


def words_of(text: str) -> Counter[str]:
    """The words of a text in small letters; numbers count by how many digits they have."""
    return Counter(f"#{min(len(word), 9)}" if word.isdigit() else word for word in WORD.findall(text.lower()))


def _pieces(text: str) -> int:
    """How many pieces with letters a text has, between blanks and commas: an address of the web is one piece."""
    return sum(1 + len(_UNSPACED.findall(piece)) for piece in _PIECE.findall(text) if _LETTER.search(piece))


class TextColumn(LearnedColumn, frozen=True, kw_only=True, tag="text", forbid_unknown_fields=True):
    """A column of texts: one input for each of the ``words``, by how often it stands there and how rare it is.

    ``weights`` are the inverse document frequencies of the words, of the same order.
    """

    words: tuple[str, ...]
    weights: tuple[float, ...]

    def __post_init__(self) -> None:
        if len(self.words) != len(self.weights):
            raise ValueError(f"'{self.name}' has {len(self.words)} words, but {len(self.weights)} weights")

    @property
    def features(self) -> list[str]:
        return [f"{self.name}: {word}" for word in self.words]

    @property
    def needs_values(self) -> bool:
        return False

    def reader(self, missing: Missing) -> NameReader:
        return NameReader(missing, str)

    def expand(self, codes: Floats | Doubles, reader: ColumnReader, x: Floats, *, strict: bool) -> None:
        places = {word: place for place, word in enumerate(self.words)}
        vectors = [self._vector(text, places) for text in reader.names]
        x[...] = 0
        for row, code in enumerate(codes[:, 0].tolist()):
            if code == code:  # a gap has no words
                indices, values = vectors[int(code)]
                x[row, indices] = values

    def encoding(self, missing: Missing) -> "Encoding":
        from mltrain.data.encoding import TextEncoding

        return TextEncoding(self.name, tuple(self.features), missing.texts, self.words, self.weights, _SIZE)

    def _vector(self, text: str, places: dict[str, int]) -> tuple[list[int], Floats]:
        """Where a text's words are among the inputs, and how much each counts: tf-idf, of one length for all texts."""
        found = {places[word]: 1 + np.log(count) for word, count in words_of(text).items() if word in places}
        indices = list(found)
        values = np.array([found[index] * self.weights[index] for index in indices], np.float64)
        length = float(np.sqrt((values * values).sum()))
        return indices, (values * (_SIZE / length) if length else values).astype(np.float32)

    def common(self, x: Floats) -> list[tuple[str, int]]:
        counts = np.count_nonzero(x, axis=0).tolist()
        return sorted(zip(self.words, counts, strict=True), key=lambda item: -item[1])

    def decode(self, x: Floats) -> list[str]:
        return [" ".join(self.words[index] for index in np.argsort(-row, kind="stable")[:5] if row[index]) for row in x]


def _fewest_rows(words: int, rows: int) -> int:
    """In how many rows a word has to stand to become an input, by the words in all rows together.

    Names of a few words (of people, of products) are learned by heart where each word has an input.
    """
    if rows < _MANY_ROWS:
        return _FEWEST_ROWS
    return _FEWEST_ROWS_OF_NAMES if words < _SHORT * rows else max(_FEWEST_ROWS, rows // 1000)


class Text(ColumnKind):
    """Texts in words, such as messages: one input a word, for the words that tell most (tf-idf).

    The words are the most frequent ones of the rows trained on that stand in at least two of them; of texts of a few
    words, such as the names of people, in at least 20.
    """

    learned = TextColumn
    examples: ClassVar[tuple[dict[str, object], ...]] = ({"words": 500}, {})

    words: Annotated[
        Annotated[int, Meta(ge=1, le=20_000)], Meta(description="words that become an input each, at most")
    ] = 1000

    def examine(self, held: Held) -> Guess | Misfit:
        if not held.counts:
            return Misfit("", "the column is empty")
        texts = [words_of(text) for text in held.counts]
        words = sum(map(len, texts)) / len(texts)
        reason = f"{held.different()} texts of {words:.1f} words on average"
        repeated = sum(count for count in held.counts.values() if count >= RARE)
        are_names = len(texts) <= max(_FEW, held.present // 20) or 2 * repeated > held.present
        if are_names or words < 2 or sum(map(_pieces, held.counts)) < 2 * len(texts):
            return Guess(self, 0.1, reason)
        rows_with = Counter[str]()
        for text in texts:
            rows_with.update(word for word in text if word[0] != "#" and (len(word) > 1 or word > "\u3000"))
        least = max(_COMMON, len(texts) // 200)
        if sum(any(rows_with[word] >= least for word in text) for text in texts) < 0.5 * len(texts):
            return Guess(self, 0.1, reason)
        return Guess(self, 0.85, reason)

    def reader(self, missing: Missing, guess: Guess | None) -> NameReader:
        return NameReader(missing, str)

    def learn(self, rows: Learning) -> TextColumn:
        codes = rows.codes[~np.isnan(rows.codes[:, 0]), 0].astype(np.intp)
        occurrences = np.bincount(codes, minlength=len(rows.reader.names)).tolist()
        rows_with = Counter[str]()
        for text, count in zip(rows.reader.names, occurrences, strict=True):
            if count:
                for word in words_of(text):
                    rows_with[word] += count
        least = _fewest_rows(rows_with.total(), len(codes))
        most = min(self.words, max(_FEWEST_WORDS, _MOST_INPUTS // max(1, len(rows.codes))))
        common = [word for word, count in rows_with.most_common() if count >= least]
        common = common or [word for word, count in rows_with.items() if count >= _FEWEST_ROWS]
        words = sorted(sorted(common, key=lambda word: (-rows_with[word], word))[:most])
        if not words:
            raise ValueError("has no word that two rows to train on share; name it in ignore")
        total = len(rows.codes)
        weights = tuple(float(np.log((1 + total) / (1 + rows_with[word])) + 1) for word in words)
        return TextColumn(name=rows.name, reason=rows.reason, words=tuple(words), weights=weights)
