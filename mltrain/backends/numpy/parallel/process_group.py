"""Processes that work in lockstep on shared memory: a barrier costs them half a microsecond.

    first process   barrier() ── work ── barrier() ── work ── ...    each counts its own arrivals in shared memory, and
    workers         barrier() ── work ── barrier() ── work ── ...    waits until all others have counted as many

The workers are forks: they have all that the first process had when it started them. Waiting is a loop that reads the
counters, because waking a sleeping thread or process takes fifty microseconds, a tenth of a training step. (Python's
threads would also compete for the interpreter lock around every small operation.) After a millisecond in vain the loop
sleeps a millisecond each time, and looks whether the others are still there.

A worker that has ended, or that is stopped (by SIGSTOP, or a debugger), ends the wait of the first process with
`WorkerLost`. The workers are killed by the system when the first process ends for any reason.
"""

import contextlib
import ctypes
import mmap
import os
import signal
import time
from collections.abc import Callable
from typing import Any, Literal, NoReturn

import numpy as np
import numpy.typing as npt

from mltrain.errors import WorkerLost, reason

_SPINS = 300
"""Reads of a counter before a process yields its core: some microseconds, in which most waits end."""

_NAP = 0.001
"""Seconds of waiting after which a process sleeps; it sleeps so long each time."""

STOPPED_NAPS = 3000
"""A worker that is found stopped so many times in a row, for three seconds, counts as lost. A short stop, as when a
terminal stops and continues a whole job, ends before; while the first process is stopped, too, nothing is counted."""

_CACHE_LINE = 8
"""Counters are so many numbers apart, or counting in one process would slow down all others."""

_SIGNAL_AT_PARENTS_END = 1
"""PR_SET_PDEATHSIG of prctl(2)."""


class ProcessGroup:
    """``size`` processes, of which this is the first. ``waited`` are the seconds that it has spent in waiting."""

    def __init__(self, size: int):
        self.size, self.rank = size, 0
        self._first = os.getpid()
        self._workers: list[int] = []
        # How often each process has arrived at a barrier: this one, and the counters that it waits for.
        self._counters = self.shared((size * _CACHE_LINE,), np.int64).data
        self._arrivals = 0
        self._others: list[int] = []
        self.waited = 0.0

    def shared(self, shape: tuple[int, ...], dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """Zeros that all processes see, if made before `start`."""
        count = int(np.prod(shape))
        memory = mmap.mmap(-1, max(1, count * np.dtype(dtype).itemsize))
        return np.frombuffer(memory, dtype, count).reshape(shape)

    def start(self, work: Callable[[], None]) -> None:
        """Start the workers. Each arrives at a barrier, does ``work``, arrives at a barrier, and so on.

        In a worker, ``rank`` is 1 or more. Raises `WorkerLost`.
        """
        for rank in range(1, self.size):
            try:
                process = os.fork()
            except OSError as error:
                self.terminate()
                raise WorkerLost(f"a worker process cannot be started: {reason(error)}") from error
            if process == 0:
                self._serve(rank, work)  # pragma: no cover  (forks are not measured)
            self._workers.append(process)
        self._wait_for_all_but(0)

    @property
    def has_workers(self) -> bool:
        """Whether this is the first process, and there are others."""
        return not self.rank and bool(self._workers)

    def barrier(self) -> None:
        """Wait until all processes have arrived here as often as this one; without others, return at once.

        What a process has written into shared memory before a barrier, all others see after it. Raises `WorkerLost`.
        """
        # The shared counter is written before the private one: an interrupt between the two must not leave the others
        # waiting.
        self._counters[self.rank * _CACHE_LINE] = self._arrivals + 1
        self._arrivals += 1
        for counter in self._others:
            self.waited += self._watch(counter, self._arrivals)

    def wait(self) -> None:
        """Wait until all workers are at a barrier that they cannot leave without this process. Raises `WorkerLost`."""
        for counter in self._others:
            self._watch(counter, self._arrivals + 1)

    def terminate(self) -> None:
        """Kill the workers in any state; all results are in shared memory. May be called twice."""
        for process in self._workers:
            with contextlib.suppress(ProcessLookupError, ChildProcessError):
                os.kill(process, signal.SIGKILL)
                os.waitpid(process, 0)
        self._workers, self._others = [], []

    def _wait_for_all_but(self, rank: int) -> None:
        self.rank, self._others = rank, [other * _CACHE_LINE for other in range(self.size) if other != rank]

    def _watch(self, counter: int, least: int) -> float:
        """Wait until a counter is at least ``least``; the seconds that it took, but 0 if it was hardly any time."""
        counters, spins, began, now = self._counters, 0, 0.0, 0.0
        stopped = 0
        while counters[counter] < least:
            spins += 1
            if spins <= _SPINS:
                continue
            now = time.monotonic()
            began = began or now
            if now - began > _NAP:
                time.sleep(_NAP)
                stopped = self._look_around(stopped)
            else:
                os.sched_yield()  # yields the core, which the awaited process may need
        return now - began

    def _look_around(self, stopped: int) -> int:
        """Check that the others are alive; the number of times in a row that one was stopped. Raises `WorkerLost`."""
        if self.rank:  # pragma: no cover  (a fork)
            if os.getppid() != self._first:
                os._exit(1)
            return 0
        states = [_state_of(worker) for worker in self._workers]
        if "ended" in states:
            raise WorkerLost
        if "stopped" not in states:
            return 0
        if stopped >= STOPPED_NAPS:
            worker = self._workers[states.index("stopped")]
            raise WorkerLost(f"a worker process is stopped (process {worker})")
        return stopped + 1

    def _serve(self, rank: int, work: Callable[[], None]) -> NoReturn:  # pragma: no cover  (it ends without a trace)
        """Work until killed: no terminal, no files, no clean-up of what belongs to the first process."""
        try:
            # A stopped worker cannot notice the end of the first process, so the kernel kills it (PR_SET_PDEATHSIG).
            ctypes.CDLL(None).prctl(_SIGNAL_AT_PARENTS_END, int(signal.SIGKILL))
            # Ctrl-C reaches all processes of a terminal; only the first one decides what to do about it.
            for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
                signal.signal(number, signal.SIG_IGN)
            self._wait_for_all_but(rank)
            with np.errstate(all="ignore"):
                while True:
                    self.barrier()
                    work()
        finally:
            os._exit(1)


def _state_of(worker: int) -> Literal["running", "stopped", "ended"]:
    """The main function of a worker. The pid of an ended one stays reserved until `ProcessGroup.terminate`."""
    try:
        found = os.waitid(os.P_PID, worker, os.WEXITED | os.WSTOPPED | os.WNOHANG | os.WNOWAIT)
    except ChildProcessError:  # where SIGCHLD is ignored, the system forgets a child when it ends
        return "ended"
    if found is None:
        return "running"
    return "stopped" if found.si_code in (os.CLD_STOPPED, os.CLD_TRAPPED) else "ended"
