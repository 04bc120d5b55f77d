"""Pieces of flat vectors: which belong to both of two lists, and how long ones are cut."""

from collections.abc import Iterator, Sequence


def common(parts: Sequence[slice], others: Sequence[slice]) -> list[slice]:
    """What lies both in one of the ``parts`` and in one of the ``others``, in their order."""
    both = [slice(max(a.start, b.start), min(a.stop, b.stop)) for a in parts for b in others]
    return [part for part in both if part.start < part.stop]


def cut(parts: Sequence[slice], longest: int) -> Iterator[slice]:
    """The parts in pieces of at most ``longest`` numbers."""
    for part in parts:
        for start in range(part.start, part.stop, longest):
            yield slice(start, min(start + longest, part.stop))
