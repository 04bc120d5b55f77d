"""Works and their sides, measured in turn, alternating, for several rounds; and what the medians come to.

A machine that others use is now fast and now slow, so only ratios of medians that were taken side by side mean
anything. Every measurement is a process of its own: nobody inherits a warm cache, a thread pool or a swollen heap.
"""

import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from statistics import median
from typing import Any, Literal, TypeVar

from benchmarks.peers import Peers
from benchmarks.processes import MeasurementFailed, call_in_process

T = TypeVar("T")
Unit = Literal["s", "ms", "µs", "MB"]


@dataclass(frozen=True)
class Side:
    """One way to do a work: ``function(**arguments, quick=...)`` measures it; seconds or bytes, the less the better.

    ``needs`` are the packages of the peers' environment in which it runs; without any it runs in mltrain's own.
    ``at_most`` is how large mltrain's median may be as a multiple of this side's, and ``aim`` how large it should be.
    """

    label: str
    function: Callable[..., float]
    arguments: Mapping[str, Any] = field(default_factory=dict)
    needs: tuple[str, ...] = ()
    at_most: float | None = None
    aim: float | None = None


@dataclass(frozen=True)
class Work:
    """Something that takes time or memory, as mltrain does it and as the others do it.

    ``name`` is what ``--only`` takes, ``title`` what tables say, ``unit`` the one in which they give the numbers.
    """

    name: str
    title: str
    unit: Unit
    mltrain: Side
    others: tuple[Side, ...]


@dataclass(frozen=True)
class Sample:
    """What the rounds gave."""

    values: Sequence[float]

    @property
    def median(self) -> float:
        return median(self.values)


@dataclass(frozen=True)
class Result:
    """A work's samples by side, and where there is none, why."""

    work: Work
    samples: Mapping[str, Sample]
    missing: Mapping[str, Literal["absent", "failed"]]

    def ratio(self, side: Side) -> float | None:
        """mltrain's median as a multiple of that of ``side``."""
        own, other = self.samples.get(self.work.mltrain.label), self.samples.get(side.label)
        return own.median / other.median if own and other else None

    def verdict(self, side: Side) -> Literal["aim met", "met", "not met"] | None:
        """How the ratio stands to its limit; None where there is no ratio or no limit."""
        ratio = self.ratio(side)
        if ratio is None or side.at_most is None:
            return None
        if side.aim is not None and ratio <= side.aim:
            return "aim met"
        return "met" if ratio <= side.at_most else "not met"


@dataclass(frozen=True)
class Run:
    """One run of the benchmark: how thorough it is, whom it tells how it goes, and what went wrong in it."""

    rounds: int
    quick: bool
    tell: Callable[[str], None]
    failures: list[str] = field(default_factory=list)

    def alternate(self, calls: Mapping[str, Callable[[], T]]) -> dict[str, list[T]]:
        """Every call once a round: what they returned. A call that fails is not made again, and is left out.

        Every other round goes backwards, so that a machine that grows slower or faster meanwhile favours nobody.
        """
        results: dict[str, list[T]] = {name: [] for name in calls}
        for number in range(self.rounds):
            for name in list(results)[:: -1 if number % 2 else 1]:
                self.tell(f"  round {number + 1} of {self.rounds}: {name}")
                try:
                    results[name].append(calls[name]())
                except MeasurementFailed as error:
                    self.tell(f"  {error}")
                    self.failures.append(str(error))
                    del results[name]
        return results


def measure(work: Work, peers: Peers, run: Run) -> Result:
    """Measure all sides of a work whose packages are there."""
    run.tell(work.title)
    calls: dict[str, Callable[[], float]] = {}
    missing: dict[str, Literal["absent", "failed"]] = {}
    for side in (work.mltrain, *work.others):
        lacking = [name for name in side.needs if name not in peers.versions]
        if lacking:
            missing[side.label] = "absent"
            run.tell(f"  {side.label} is left out: {', '.join(lacking)} is not there")
        else:
            calls[side.label] = _call(side, peers, run.quick)
    samples = {label: Sample(values) for label, values in run.alternate(calls).items()}
    return Result(work, samples, missing | dict.fromkeys(calls.keys() - samples, "failed"))


def _call(side: Side, peers: Peers, quick: bool) -> Callable[[], float]:
    python = str(peers.python) if side.needs else sys.executable
    return lambda: float(call_in_process(python, side.function, **side.arguments, quick=quick))
