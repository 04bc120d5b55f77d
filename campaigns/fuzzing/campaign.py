"""One target, many mutations: read each, count what comes of it, and keep what should not have come."""

import re
import signal
import sys
import time
import traceback
import warnings
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from typing import NamedTuple

from campaigns.fuzzing.targets import Target
from mltrain.errors import MltrainError

_EVERY = 1000
"""Mutations between two words about the progress."""

_LONGEST = 2000
"""Characters of a message; more is not one line on any terminal."""


class Limits(NamedTuple):
    """What one read may take: seconds of the processor, and megabytes more than the program has before."""

    seconds: float = 1.0
    megabytes: int = 200


class Find(NamedTuple):
    """A mutation that was neither read nor refused in a line: its number, and what came instead."""

    number: int
    what: str


class TooLong(BaseException):
    """A read took longer than the deadline. Not an `Exception`, so that nobody takes it for a fault of the file."""


@dataclass
class Campaign:
    """Results add up over several calls of `run`. ``refusals`` counts messages by their words, without what varies."""

    target: Target
    seed: int = 0
    limits: Limits = field(default_factory=Limits)
    keep: Path | None = None
    loaded: int = 0
    refusals: Counter[str] = field(default_factory=Counter)
    finds: list[Find] = field(default_factory=list)
    seconds: float = 0.0
    slowest: float = 0.0

    def run(self, numbers: Sequence[int], *, keep_all: bool = False, progress: bool = False) -> None:
        """Try the mutations with these numbers."""
        began = time.perf_counter()
        with _watched(self.limits):
            for number in numbers:
                if progress and number % _EVERY == 0:
                    print(f"\r{number:,}", end="", file=sys.stderr, flush=True)
                files = self.target.mutated(Random(f"{self.seed}:{number}"))
                found = self._try(number, files)
                if self.keep is not None and (found or keep_all):
                    _write(self.keep / f"{self.target.name()}-{self.seed}-{number}", files)
        self.seconds += time.perf_counter() - began

    def report(self) -> str:
        """What came of it, a page."""
        refused = sum(self.refusals.values())
        lines = [
            f"{self.target.name()}: {self.loaded + refused + len(self.finds):,} mutations in {self.seconds:.1f} s, "
            f"the slowest read {self.slowest * 1000:.0f} ms",
            f"  loaded {self.loaded:,}, refused {refused:,} in {len(self.refusals)} ways, finds {len(self.finds)}",
            *(f"  {count:9,}  {words}" for words, count in self.refusals.most_common(15)),
            *(f"FIND {number} (seed {self.seed}): {what}" for number, what in self.finds[:20]),
        ]
        return "\n".join(lines)

    def _try(self, number: int, files: dict[str, bytes]) -> bool:
        _write(self.target.folder, files)
        signal.setitimer(signal.ITIMER_PROF, self.limits.seconds)
        began = time.process_time()
        try:
            self.target.read()
            self.loaded += 1
            return False
        except MltrainError as error:
            message = str(error)
            if self.target.one_line and ("\n" in message or len(message) > _LONGEST):
                self.finds.append(Find(number, f"a message of {len(message)} characters: {message[:200]!r}"))
                return True
            self.refusals[_words(message, self.target.folder)] += 1
            return False
        except TooLong:
            self.finds.append(Find(number, f"took longer than {self.limits.seconds} s: {_where()}"))
            return True
        except Exception:
            self.finds.append(Find(number, _where()))
            return True
        finally:
            signal.setitimer(signal.ITIMER_PROF, 0)
            self.slowest = max(self.slowest, time.process_time() - began)


def _write(folder: Path, files: dict[str, bytes]) -> None:
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        (folder / name).write_bytes(content)


def _words(message: str, folder: Path) -> str:
    """A message without names, numbers and quoted text."""
    words = re.sub(
        r"'[^']*'|\"[^\"]*\"|[-+\d.,:x]*\d[-\d.,:ex]*", "_", message.partition("\n")[0].replace(str(folder), "")
    )
    return words[:100]


def _where() -> str:
    """The exception that is being handled, with the last lines of its way."""
    lines = traceback.format_exc().strip().splitlines()
    return " | ".join(line.strip() for line in (lines[-1][:300], *lines[-7:-1]))


@contextmanager
def _watched(limits: Limits) -> Iterator[None]:
    """Within the block, warnings are errors, and the deadline and the limit on memory hold."""

    def too_long(*_: object) -> None:
        raise TooLong

    before = signal.signal(signal.SIGPROF, too_long)
    try:
        with warnings.catch_warnings(), _little_memory(limits.megabytes):
            warnings.simplefilter("error")
            yield
    finally:
        signal.signal(signal.SIGPROF, before)


@contextmanager
def _little_memory(megabytes: int) -> Iterator[None]:
    """Within the block, the program may take so much memory more; where the system can tell how much it has."""
    status = Path("/proc/self/statm")
    if not status.exists():
        yield
        return
    import resource

    has = int(status.read_text().split()[0]) * resource.getpagesize()
    soft, hard = resource.getrlimit(resource.RLIMIT_AS)
    resource.setrlimit(resource.RLIMIT_AS, (has + megabytes * 2**20, hard))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_AS, (soft, hard))
