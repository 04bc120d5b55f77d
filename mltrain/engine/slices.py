"""Pieces of flat vectors: which belong to both of two lists, and how long ones are cut."""

from collections.abc import Iterator, Sequence
from itertools import pairwise


def intersect(parts: Sequence[slice], others: Sequence[slice]) -> list[slice]:
    """What lies both in one of the ``parts`` and in one of the ``others``, in their order."""
    both = [slice(max(a.start, b.start), min(a.stop, b.stop)) for a in parts for b in others]
    return [part for part in both if part.start < part.stop]


def split(parts: Sequence[slice], longest: int) -> Iterator[slice]:
    """The parts, each in as few pieces of at most ``longest`` numbers as can be, all about as long."""
    for part in parts:
        length = part.stop - part.start
        pieces = -(-length // longest)
        bounds = (part.start + number * length // pieces for number in range(pieces + 1))
        yield from (slice(*pair) for pair in pairwise(bounds))
