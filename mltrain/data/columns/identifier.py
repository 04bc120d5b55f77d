"""What numbers or names the rows: how it is told from numbers and names that say something."""

import re

from mltrain.data.columns import ColumnKind, ColumnReader, Guess, Held, LearnedColumn, Learning, Misfit
from mltrain.data.columns.category import MANY_ROWS, RARE, why_no_numbers
from mltrain.data.columns.number import Number
from mltrain.data.splitting import rows_in_words
from mltrain.data.tables.cells import Missing

_NAMES = re.compile(
    r"(?:.*[\s_\-.])?(?:id|ids|no|nr|num|number|index|idx|key|row|rownum|rowid|uuid|guid|#|unnamed(?::\s*\d+)?)|", re.I
)
_CAMEL = re.compile(r".*[a-z](?:Id|ID|No|Nr)")
_FEWEST = 10
_FEW = 20


def sounds_like_one(name: str) -> bool:
    """Whether a column's name says that it numbers or names the rows."""
    return bool(_NAMES.fullmatch(name) or _CAMEL.fullmatch(name))


class Identifier(ColumnKind):
    """What numbers or names the rows, and says nothing about them: it is left out.

    Whole numbers are identifiers if they are different in every row and the column's name says so (id, No, ...) or it
    has none; texts if they are different in almost every row and have no words in common.
    """

    def examine(self, held: Held) -> Guess | Misfit:
        if not held.counts:
            return Guess(self, 0.99, "the column is empty")
        if all(_is_whole(text) for text in held.counts):
            if held.rows < _FEWEST or not held.differs_everywhere or held.missing:
                return Misfit(next(iter(held.counts)), "occurs in several rows")
            if sounds_like_one(held.name) or held.unnamed:
                return Guess(self, 0.95, "whole numbers, different in every row, under a name that numbers rows")
            return Guess(self, 0.2, "whole numbers, different in every row")
        if held.present <= _FEW:
            return Misfit(next(iter(held.counts)), "is one of few texts")
        why = why_no_numbers(held, Number().examine(held))
        if held.differs_everywhere:
            return Guess(self, 0.8, f"a different text in every row{why}")
        if 2 * len(held.counts) > held.present and 5 * held.missing < held.rows:
            return Guess(self, 0.8, f"{held.different()} texts in {rows_in_words(held.present)}{why}")
        rare = sum(count for count in held.counts.values() if count < RARE)
        if held.rows >= MANY_ROWS and 2 * rare > held.rows:
            return Guess(self, 0.8, f"most texts occur in less than {RARE} rows")
        return Misfit(max(held.counts, key=lambda text: held.counts[text]), "occurs in several rows")

    def reader(self, missing: Missing, guess: Guess | None) -> ColumnReader:
        raise NotImplementedError

    def learn(self, rows: Learning) -> LearnedColumn:
        raise NotImplementedError


def _is_whole(text: str) -> bool:
    return text.isascii() and text.isdigit() and (text[0] != "0" or len(text) == 1)
