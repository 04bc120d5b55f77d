"""Suggestions for misspelled names of options, members, columns, files, runs and commands."""

import re
from collections.abc import Collection, Iterable, Sequence

_SHORTEST = 4
"""The least length of a word that matches a longer name as its prefix or suffix."""

LONGEST = 60
"""The longest word that is compared: edit distance takes quadratic time."""

_MOST_MEANT, _MOST_NAMES = 4, 12
"""Names in a "did you mean", and in a list of all names, at most."""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The only name that ``word`` is a misspelling or a part of; None if there is none, or several."""
    found = alike(word, names)
    return found[0] if len(found) == 1 else None


def alike(word: str, names: Iterable[str]) -> list[str]:
    """The names that ``word`` may stand for; case, hyphens, underscores and spaces do not count.

    Misspellings come first, by the number of letters that are wrong, missing, too many or swapped. Without one, all
    names that have the word as a part, such as ``rate`` of ``learning_rate``, or as initials, such as ``lr``; or that
    are a part of the word, such as ``mse`` of ``mse_loss``.
    """
    if not 0 < len(word) <= LONGEST:
        return []
    names = list(dict.fromkeys(names))
    distances = {name: _distance(_letters(word), _letters(name)) for name in names}
    misspelled = [name for name in names if distances[name] <= _bearable(word, name)]
    if misspelled:
        least = min(distances[name] for name in misspelled)
        return [name for name in misspelled if distances[name] == least][:_MOST_MEANT]
    found = [name for name in names if _is_part(word, name)]
    return found if len(found) <= _MOST_MEANT else []


def is_spelled_alike(one: str, other: str) -> bool:
    """Whether two names are the same but for case, hyphens, underscores and spaces."""
    return max(len(one), len(other)) <= LONGEST and _letters(one) == _letters(other)


def did_you_mean(word: str, names: Iterable[str], otherwise: str = "") -> str:
    """The end of a message on an unknown word: similar names, or else another hint."""
    found = alike(word, names)
    return f"; {question(found)}" if found else otherwise


def question(names: Sequence[str]) -> str:
    """``did you mean 'a', 'b' or 'c'?``"""
    *first, last = [f"'{name}'" for name in names]
    return f"did you mean {', '.join(first)} or {last}?" if first else f"did you mean {last}?"


def no_column(name: str, columns: Collection[str]) -> str:
    """``there is no column 'x'``, and similar names."""
    if found := alike(name, columns):
        return f"there is no column '{name}' ({question(found)})"
    return f"there is no column '{name}' among {some(columns)}"


def some(names: Collection[str]) -> str:
    """The first names of a list that may be long."""
    return ", ".join(list(names)[:_MOST_NAMES]) + (", ..." if len(names) > _MOST_NAMES else "")


def _letters(text: str) -> str:
    return re.sub(r"[-_ ]", "", text).lower()


def _parts(text: str) -> list[str]:
    return [part for part in re.split(r"[-_ ]", text.lower()) if part]


def _is_part(word: str, name: str) -> bool:
    parts, of_name = _parts(word), _parts(name)
    if not parts or not of_name:
        return False
    if set(parts) <= set(of_name) or set(of_name) <= set(parts):
        return True
    if _letters(word) == "".join(part[0] for part in of_name):
        return len(of_name) > 1
    return len(_letters(word)) >= _SHORTEST and _letters(name).startswith(_letters(word))


def _bearable(word: str, name: str) -> int:
    """The largest edit distance of a misspelling: about two fifths of the letters, three at most."""
    return min(3, (len(_letters(word)) + len(_letters(name))) // 5)


def _distance(one: str, other: str) -> int:
    """The edit distance with transpositions: letters to change, insert, delete or swap with their neighbour."""
    before: list[int] = []
    row = list(range(len(other) + 1))
    for index, letter in enumerate(one):
        above, row = row, [index + 1]
        for place, wanted in enumerate(other):
            least = min(above[place] + (letter != wanted), above[place + 1] + 1, row[place] + 1)
            if index and place and letter == other[place - 1] and one[index - 1] == wanted:
                least = min(least, before[place - 1] + 1)
            row.append(least)
        before = above
    return row[-1]
