"""Helping processes that carry out orders on shared memory, in half a microsecond each.

    first process   order(...)  ─── a number in shared memory ──>  helpers: wait for it, do it, count it as done
                    wait()     <── as many are done ────────────

The helpers are forks: they have all that the first process had when it started them, and orders need no more than a
few numbers. Both sides wait by looking at a counter again and again, because waking a sleeping thread or process takes
fifty microseconds, a tenth of a training step. (Python's threads would also fight for the interpreter lock around every
small operation.) After a millisecond without an order they look a thousand times a second only.

What the helpers do for training is in `mltrain.training.sharing`.
"""

import contextlib
import mmap
import os
import signal
import time
from collections.abc import Callable
from typing import Any, NoReturn

import numpy as np
import numpy.typing as npt

from mltrain.errors import MltrainError

Work = Callable[[int, int, int, int], None]
"""What a helper can do: called with its rank (1 or more), the order, and the two numbers that go with it."""

_LOOKS_BEFORE_YIELDING = 300
"""Some microseconds: mostly, what is waited for is about to come."""

_PATIENCE = 0.001
"""Seconds of waiting after which one sleeps; so long each time, too."""

_LINE = 8
"""Counters are a cache line apart, or counting in one process would slow down all others."""


class CrewLost(MltrainError):
    """A helping process ended, or could not even begin: most likely for want of memory."""

    exit_code = 3

    def __init__(self, what: str = "a helping process was ended by the system"):
        super().__init__(f"{what}; try again with --threads 1, which needs less memory")


class Crew:
    """``size`` processes, of which this is the first. ``waited`` are the seconds that it has spent in waiting."""

    def __init__(self, size: int):
        self.size = size
        self._first = os.getpid()
        self._helpers: list[int] = []
        self._given = 0
        self.waited = 0.0
        # How many orders were given, the newest one and its two numbers; then how many each helper has carried out.
        self._orders = self.shared((4,), np.int64).data
        self._done = self.shared((size * _LINE,), np.int64).data

    def shared(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Zeros that all processes see, if made before `start`."""
        count = int(np.prod(shape))
        memory = mmap.mmap(-1, max(1, count * np.dtype(dtype).itemsize))
        return np.frombuffer(memory, dtype, count).reshape(shape)

    def start(self, work: Work, *, alone: bool = False) -> None:
        """Start the helpers, which do ``work`` when they are told to; ``alone`` starts none, as if they were dismissed.

        Raises `CrewLost`.
        """
        self._work = work
        if alone:
            return
        for rank in range(1, self.size):
            try:
                process = os.fork()
            except OSError as error:
                self.dismiss()
                raise CrewLost(f"a helping process cannot be started: {error.strerror}") from error
            if process == 0:
                self._serve(rank)  # pragma: no cover  (forks are not measured)
            self._helpers.append(process)

    def order(self, what: int, first: int = 0, second: int = 0) -> None:
        """Let all helpers do ``what`` as soon as they have done what they are at. Raises `CrewLost`.

        After `dismiss` the first process does their work itself, with the same results.
        """
        if not self._helpers:
            for rank in range(1, self.size):
                self._work(rank, what, first, second)
            return
        self.wait()
        self._orders[1], self._orders[2], self._orders[3] = what, first, second
        # Counted only when it is out: Ctrl-C between the two must not make anybody wait for what was never ordered.
        self._orders[0] = self._given = self._given + 1

    def wait(self) -> None:
        """Wait until the helpers have done all that they were told. Raises `CrewLost`."""
        if not self._helpers:
            return
        for counter in range(_LINE, self.size * _LINE, _LINE):
            self.waited += self._watch(self._done, counter, self._given, self._look_after_helpers)

    def dismiss(self) -> None:
        """End the helpers, wherever they are; they own nothing that could be lost. May be called twice."""
        for process in self._helpers:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
        self._helpers = []

    @staticmethod
    def _watch(numbers: memoryview, index: int, least: int, look_around: Callable[[], None]) -> float:
        """Wait until a number is at least ``least``; the seconds that it took, but 0 if it was hardly any time."""
        looks, began, now = 0, 0.0, 0.0
        while numbers[index] < least:
            looks += 1
            if looks <= _LOOKS_BEFORE_YIELDING:
                continue
            now = time.monotonic()
            began = began or now
            if now - began > _PATIENCE:
                time.sleep(_PATIENCE)
                look_around()
            else:
                os.sched_yield()  # somebody else may need the core, perhaps the very process that is waited for
        return now - began

    def _look_after_helpers(self) -> None:
        if any(map(_has_ended, self._helpers)):
            raise CrewLost

    def _serve(self, rank: int) -> NoReturn:  # pragma: no cover  (a fork; it ends without a trace)
        """The life of a helper: no terminal, no files, no clean-up of what belongs to the first process."""

        def look_after_first() -> None:
            if os.getppid() != self._first:
                os._exit(1)

        try:
            # Ctrl-C reaches all processes of a terminal; only the first one decides what to do about it.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            given = 0
            with np.errstate(all="ignore"):
                while True:
                    given += 1
                    self._watch(self._orders, 0, given, look_after_first)
                    self._work(rank, *self._orders[1:])
                    self._done[rank * _LINE] = given
        finally:
            os._exit(1)


def _has_ended(process: int) -> bool:
    """Whether a helper is no more. Its number stays taken until it is dismissed."""
    try:
        return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # where SIGCHLD is ignored, the system forgets a child when it ends
        return True
