"""The right name for a wrong one."""

from collections.abc import Iterable

_ALIKE = 0.6
"""Share of letters in common from which on two words count as alike: what difflib takes for close."""

_TELLING = 3
"""A word of at least so many letters stands for a longer one that holds it: ``mse_loss`` for ``mse``."""

_LONGEST = 60
"""Letters of a word that may be a slip of the pen; comparing takes time with the square of the length."""


def nearest(word: str, names: Iterable[str]) -> str | None:
    """The name that is most like ``word``, or None when none is; case, hyphens and spaces do not count.

    Initials are like what they stand for: ``lr`` is like ``learning_rate``.
    """
    if len(word) > _LONGEST:
        return None
    from difflib import SequenceMatcher

    def plain(text: str) -> str:
        return text.lower().replace("-", "_").replace(" ", "_")

    def likeness(name: str) -> float:
        one, other = sorted((plain(word), plain(name)), key=len)
        initials = "".join(part[:1] for part in other.split("_"))
        is_short_for = one == initials or (len(one) >= _TELLING and one in other)
        ratio = SequenceMatcher(None, one, other).ratio()
        return max(ratio, _ALIKE) if is_short_for else ratio

    best = max(names, key=likeness, default=None)
    return best if best is not None and likeness(best) >= _ALIKE else None


def did_you_mean(word: str, names: Iterable[str], otherwise: str = "") -> str:
    """The end of a message on an unknown word: the nearest name, or what else there is to say."""
    name = nearest(word, names)
    return f"; did you mean '{name}'?" if name is not None else otherwise
