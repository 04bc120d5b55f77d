"""Processes that work in lockstep on shared memory, and meet within half a microsecond.

    first process   meet() ── work ── meet() ── work ── ...      each counts its own meetings, where all see it, and
    helpers         meet() ── work ── meet() ── work ── ...      waits until all others have counted as many

The helpers are forks: they have all that the first process had when it started them. Everybody waits by looking at the
counters again and again, because waking a sleeping thread or process takes fifty microseconds, a tenth of a training
step. (Python's threads would also fight for the interpreter lock around every small operation.) After a millisecond in
vain they look a thousand times a second only.

What the processes do for training is in `mltrain.backends.numpy.parallel.columns`.
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

_LOOKS_BEFORE_YIELDING = 300
"""Some microseconds: mostly, what is waited for is about to come."""

_PATIENCE = 0.001
"""Seconds of waiting after which one sleeps; so long each time, too."""

_LINE = 8
"""Counters are a cache line apart, or counting in one process would slow down all others."""


class WorkerLost(MltrainError):
    """A helping process ended, or could not even begin: most likely for want of memory."""

    exit_code = 3

    def __init__(self, what: str = "a helping process was ended by the system"):
        super().__init__(f"{what}; try again with --threads 1, which needs less memory")


class ProcessGroup:
    """``size`` processes, of which this is the first. ``waited`` are the seconds that it has spent in waiting."""

    def __init__(self, size: int):
        self.size, self.rank = size, 0
        self._first = os.getpid()
        self._helpers: list[int] = []
        # How often each process has come to a meeting: this one, and those that it waits for.
        self._counters = self.shared((size * _LINE,), np.int64).data
        self._met = 0
        self._others: list[int] = []
        self.waited = 0.0

    def shared(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Zeros that all processes see, if made before `start`."""
        count = int(np.prod(shape))
        memory = mmap.mmap(-1, max(1, count * np.dtype(dtype).itemsize))
        return np.frombuffer(memory, dtype, count).reshape(shape)

    def start(self, work: Callable[[], None]) -> None:
        """Start the helpers. Each comes to a meeting, does ``work``, comes to a meeting, and so on.

        In a helper, ``rank`` is 1 or more. Raises `WorkerLost`.
        """
        for rank in range(1, self.size):
            try:
                process = os.fork()
            except OSError as error:
                self.dismiss()
                raise WorkerLost(f"a helping process cannot be started: {error.strerror}") from error
            if process == 0:
                self._serve(rank, work)  # pragma: no cover  (forks are not measured)
            self._helpers.append(process)
        self._wait_for_all_but(0)

    @property
    def leads(self) -> bool:
        """Whether this is the first process, and it has helpers."""
        return not self.rank and bool(self._helpers)

    def meet(self) -> None:
        """Wait until all have come here as often as this process; whoever is alone waits for nobody.

        What somebody has written into shared memory before a meeting, all others see after it. Raises `WorkerLost`.
        """
        # Counted only when it is out: Ctrl-C between the two must not make anybody wait for who will not come.
        self._counters[self.rank * _LINE] = self._met + 1
        self._met += 1
        for counter in self._others:
            self.waited += self._watch(counter, self._met)

    def settle(self) -> None:
        """Wait until all helpers are where they cannot go on without this process. Raises `WorkerLost`."""
        for counter in self._others:
            self._watch(counter, self._met + 1)

    def dismiss(self) -> None:
        """End the helpers, wherever they are; they own nothing that could be lost. May be called twice."""
        for process in self._helpers:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
        self._helpers, self._others = [], []

    def _wait_for_all_but(self, rank: int) -> None:
        self.rank, self._others = rank, [other * _LINE for other in range(self.size) if other != rank]

    def _watch(self, counter: int, least: int) -> float:
        """Wait until a counter is at least ``least``; the seconds that it took, but 0 if it was hardly any time."""
        counters, looks, began, now = self._counters, 0, 0.0, 0.0
        while counters[counter] < least:
            looks += 1
            if looks <= _LOOKS_BEFORE_YIELDING:
                continue
            now = time.monotonic()
            began = began or now
            if now - began > _PATIENCE:
                time.sleep(_PATIENCE)
                self._look_around()
            else:
                os.sched_yield()  # somebody else may need the core, perhaps the very process that is waited for
        return now - began

    def _look_around(self) -> None:
        if self.rank:  # pragma: no cover  (a fork)
            if os.getppid() != self._first:
                os._exit(1)
        elif any(map(_has_ended, self._helpers)):
            raise WorkerLost

    def _serve(self, rank: int, work: Callable[[], None]) -> NoReturn:  # pragma: no cover  (it ends without a trace)
        """The life of a helper: no terminal, no files, no clean-up of what belongs to the first process."""
        try:
            # Ctrl-C reaches all processes of a terminal; only the first one decides what to do about it.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._wait_for_all_but(rank)
            with np.errstate(all="ignore"):
                while True:
                    self.meet()
                    work()
        finally:
            os._exit(1)


def _has_ended(process: int) -> bool:
    """Whether a helper is no more. Its number stays taken until it is dismissed."""
    try:
        return os.waitid(os.P_PID, process, os.WEXITED | os.WNOHANG | os.WNOWAIT) is not None
    except ChildProcessError:  # where SIGCHLD is ignored, the system forgets a child when it ends
        return True
