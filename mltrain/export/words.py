"""The words of texts as tables of characters, for targets without regular expressions of Unicode.

`mltrain.data.columns.text.words_of` says what a word is. The tables are made by Python's own rules, so that they agree
with it for every character: each code point has a class, and characters of one class are alike to all words of a model.
"""

import re
import unicodedata
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cache
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.data.columns.text import MARKS, SINGLE

_DIGIT = re.compile(r"\d")
_APOSTROPHES, _SIGNS = "'’", "!?£$€%"
_IN_WORDS = re.compile(rf"[^\W_]|[{_APOSTROPHES}{_SIGNS}{MARKS}{SINGLE}]")
_IS_SINGLE = re.compile(f"[{SINGLE}]")
_NUMBER = re.compile(r"#([1-9])")

LONGEST_NUMBER = 9
"""Numbers of more digits count as numbers of so many."""


class Is:
    """Flags of a character. It has at most one of the first four, and none of them if it only separates words."""

    LETTER = 1
    DIGIT = 2
    APOSTROPHE = 4
    SIGN = 8
    """A word of its own."""
    NUMERIC = 16
    """A letter or digit of which a number may consist: a word of nothing else counts by its length."""
    END = 32
    """A letter that ends its word: in small letters, a mark follows that is no letter."""
    CASED = 64
    IGNORED = 128
    """Skipped where the letters around a capital sigma are looked at; so CASED and IGNORED are only set for it."""


KINDS = Is.LETTER | Is.DIGIT | Is.APOSTROPHE | Is.SIGN


class Character(NamedTuple):
    """A class of characters. ``code`` is the number of its small letter in words, the same for all that no word has."""

    flags: int = 0
    code: int = 0
    is_capital_sigma: bool = False


@dataclass(frozen=True)
class Alphabet:
    """The tables for some words.

    ``classes`` has the class of each code point, as a place in ``characters``; code points behind its end are of class
    0, which separates words. ``codes`` are the codes of the letters of each word; a number is one code, that
    ``numbers`` has by its digits (0: no word). ``final_sigma`` is the class of a capital sigma at the end of a word; 0
    where no word has a sigma.
    """

    characters: tuple[Character, ...]
    classes: npt.NDArray[np.uint16]
    codes: tuple[tuple[int, ...], ...]
    numbers: tuple[int, ...]
    final_sigma: int

    @classmethod
    def of(cls, words: Sequence[str]) -> "Alphabet":
        """The tables for these words."""
        spelled = [(word,) if _NUMBER.fullmatch(word) else tuple(word) for word in words]
        codes = {letter: code for code, letter in enumerate(sorted({one for word in spelled for one in word}), 1)}
        has_sigma = "σ" in codes or "ς" in codes
        cased, ignored = _beside_sigmas() if has_sigma else (frozenset[str](), frozenset[str]())
        places: dict[Character, int] = {Character(): 0}
        classes = np.zeros(0x110000, np.uint16)
        known = _in_words()
        for letter in sorted({*known, *cased, *ignored}):
            flags, small = known.get(letter, (0, ""))
            code = codes.get(small, len(codes) + 1) if flags & (Is.LETTER | Is.APOSTROPHE | Is.SIGN) else 0
            flags |= (Is.CASED if letter in cased else 0) | (Is.IGNORED if letter in ignored else 0)
            character = Character(flags, code, has_sigma and letter == "Σ")
            classes[ord(letter)] = places.setdefault(character, len(places))
        final = classes[ord("ς")] if has_sigma else 0
        return cls(
            tuple(places),
            classes[: np.flatnonzero(classes)[-1] + 1],
            tuple(tuple(codes[letter] for letter in word) for word in spelled),
            tuple(codes.get(f"#{digits}", 0) for digits in range(LONGEST_NUMBER + 1)),
            int(final),
        )


@cache
def _in_words() -> dict[str, tuple[int, str]]:
    """All characters that words may have, what each is, and its small letter."""
    found: dict[str, tuple[int, str]] = {}
    for letter in _IN_WORDS.findall(_characters()):
        small = letter.lower()
        if small in _APOSTROPHES:
            flags = Is.APOSTROPHE
        elif small in _SIGNS or _IS_SINGLE.match(small):
            flags = Is.SIGN
        elif _DIGIT.match(small):
            flags = Is.DIGIT | Is.NUMERIC
        else:
            flags = Is.LETTER | (Is.NUMERIC if small[0].isdigit() else 0) | (Is.END if len(small) > 1 else 0)
        found[letter] = flags, small[0]
    return found


@cache
def _characters() -> str:
    """All characters that UTF-8 can encode, but for the end of a line."""
    return "".join(map(chr, [*range(1, 10), *range(11, 0xD800), *range(0xE000, 0x110000)]))


@cache
def _beside_sigmas() -> tuple[frozenset[str], frozenset[str]]:
    """Characters behind which a capital sigma ends a word, and those that it may have between itself and these."""
    assigned = "".join(one for one in _characters() if unicodedata.category(one) not in ("Cn", "Co"))

    def before_last_sigmas(begin: str) -> Iterator[str]:
        lines = "".join(f"{begin}{one}Σ\n" for one in assigned).lower().split("\n")
        return (one for one, line in zip(assigned, lines, strict=False) if line.endswith("ς"))

    cased = frozenset(before_last_sigmas(""))
    return cased, frozenset(before_last_sigmas("A")) - cased
