"""What numbers or names the rows: how it is told from numbers and names that say something."""

import re

from mltrain.data.columns import ColumnKind, ColumnReader, Guess, Held, LearnedColumn, Learning, Misfit
from mltrain.data.columns.category import MANY_ROWS, RARE, Category, why_no_numbers
from mltrain.data.columns.number import Number
from mltrain.data.splitting import rows_in_words
from mltrain.data.tables.cells import Missing

_NAMES = re.compile(
    r"(?:.*[\s_\-.])?(?:no|nr|num|number|numéro|nummer|index|idx|key|row|rownum|#|n[°º]|№|phone|telephone|tel|mobile|isbn|"
    r"iban|ean|imei|unnamed(?::\s*\d+(?:\.\d+)*)?)\.?|\w+nummer|",
    re.I,
)
_THINGS = re.compile(
    r"(?:.*[\s_\-.])?(?:ids?|uid|uuid|guid)\.?|(?:account|case|client|customer|device|employee|house|item|member|movie|order|"
    r"patient|person|post|product|record|row|sample|session|store|student|subject|transaction|user)id",
    re.I,
)
_CAMEL, _CAMEL_ID = re.compile(r".*[a-z](?:No|Nr)"), re.compile(r".*[a-z](?:Id|ID)")
_FEWEST = 10
_FEW = 20


def sounds_like_one(name: str) -> bool:
    """Whether a column's name says that it numbers or names the rows, or what they belong to."""
    return bool(_NAMES.fullmatch(name) or _CAMEL.fullmatch(name)) or names_things(name)


def names_things(name: str) -> bool:
    """Whether a column's name says that its numbers stand for things, so that none is more than another."""
    return bool(_THINGS.fullmatch(name) or _CAMEL_ID.fullmatch(name))


def numbers_of_things(held: Held) -> Guess | None:
    """Whole numbers that come up again, in a column whose name says that they stand for things, are names."""
    if held.rows < _FEWEST or not held.counts or not names_things(held.name) or not all(map(_is_whole, held.counts)):
        return None
    return Guess(
        Category(), 0.92, f"{held.different()} whole numbers, under a name that says that they stand for things"
    )


class Identifier(ColumnKind):
    """What numbers or names the rows, and says nothing about them: it is left out.

    Whole numbers are identifiers if they are different in every row and the column's name says so (id, No, ...) or it
    has none; texts if they are different in almost every row and have no words in common.
    """

    def examine(self, held: Held) -> Guess | Misfit:
        if not held.counts:
            return Guess(self, 0.99, "the column is empty")
        numbers = Number().examine(held)
        is_number = isinstance(numbers, Guess) and numbers.confidence >= 0.5
        if is_number and all(map(_is_whole, held.counts)):
            is_named = sounds_like_one(held.name) or held.unnamed
            if held.rows >= _FEWEST and held.differs_everywhere and (not held.missing or 2 * held.present > held.rows):
                if is_named:
                    return Guess(self, 0.95, "whole numbers, different in every row, under a name that numbers rows")
                if not held.missing:
                    return Guess(self, 0.2, "whole numbers, different in every row")
            elif held.rows >= _FEWEST and names_things(held.name) and 2 * len(held.counts) > held.present:
                reason = (
                    f"{held.different()} whole numbers in {rows_in_words(held.present)}, under a name that numbers rows"
                )
                return Guess(self, 0.95, reason)
            return Misfit(max(held.counts, key=lambda text: held.counts[text]), "occurs in several rows")
        if held.present <= _FEW:
            return Misfit(next(iter(held.counts)), "is one of few texts")
        why = why_no_numbers(held, numbers)
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
    """Whether a text is a whole number, or one with the ``.0`` that programs write in columns with gaps."""
    text = text.removesuffix(".0")
    return text.isascii() and text.isdigit() and (text[0] != "0" or len(text) == 1)
