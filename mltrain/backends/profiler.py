"""Measures the time of training by layer and phase. Without a profiler, training has no overhead."""

from collections.abc import Callable, Iterator
from time import perf_counter
from typing import Any, NamedTuple, ParamSpec, TypeVar

P = ParamSpec("P")
R = TypeVar("R")

PHASES = ("gather", "forward", "loss", "backward", "optimizer", "metrics", "display")

Timed = Callable[[str, str, Callable[..., Any]], Callable[..., Any]]
"""Takes a phase, a layer and a function, and returns the function to call instead."""


def untimed(_phase: str, _layer: str, function: Callable[..., Any]) -> Callable[..., Any]:
    """The function itself: nothing is measured."""
    return function


class Share(NamedTuple):
    """Seconds that one layer (or nothing in particular: "") took in one phase, and how often."""

    phase: str
    layer: str
    seconds: float
    calls: int


class Profile:
    """Adds up the times of the functions that it wraps."""

    def __init__(self) -> None:
        self._spent: dict[tuple[str, str], list[float]] = {}

    def timed(self, phase: str, layer: str, function: Callable[P, R]) -> Callable[P, R]:
        """``function``, with its time added to ``phase`` and ``layer``."""
        spent = self._spent.setdefault((phase, layer), [0.0, 0])

        def run(*args: P.args, **kwargs: P.kwargs) -> R:
            began = perf_counter()
            try:
                return function(*args, **kwargs)
            finally:
                spent[0] += perf_counter() - began
                spent[1] += 1

        return run

    def timed_items(self, phase: str, items: Iterator[R]) -> Iterator[R]:
        """The same items, with the time to get each one added to ``phase``."""
        following = self.timed(phase, "", lambda: next(items, None))
        while (item := following()) is not None:
            yield item

    def shares(self) -> list[Share]:
        """The times in the order of a step: by phase, and by layer within a phase."""
        order = {phase: number for number, phase in enumerate(PHASES)}
        rows = [Share(phase, layer, seconds, int(calls)) for (phase, layer), (seconds, calls) in self._spent.items()]
        return sorted(rows, key=lambda row: order[row.phase])
