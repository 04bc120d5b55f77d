"""Two or more processes that train one network together: each takes a share of every batch.

    each process    forward and backward on its own rows of the batch       -> a gradient of its own
    meet
    each process    adds up all gradients on its own stretch of the parameters, and updates that stretch
    meet

That is data parallelism with a sharded optimizer. The processes are forks that run the same loop in lockstep on shared
memory, so nothing is sent: they meet by counting in a shared array, which takes half a microsecond, where waking a
thread takes fifty. Python's threads would also fight for the interpreter lock around every small operation.

What it buys: an epoch of the MNIST lesson (batch 32, two cores) in 1.4 s instead of 2.2 s. See docs/performance.md.
"""

import mmap
import os
import pickle
import signal
import time
from collections.abc import Callable
from typing import Any, NamedTuple, NoReturn

import numpy as np
import numpy.typing as npt

from mltrain.errors import MltrainError
from mltrain.threads import blas_is_alone, cores, crew_possible

SMALLEST_NETWORK = 50_000
"""Parameters below which a step is over before a second process could help."""

ROWS_EACH, MOST = 16, 4
"""Rows of a batch that are worth a process, and processes at the most: gradients are added up over all of them."""

_SPINS_BEFORE_SLEEP = 20_000
"""About a millisecond: much longer than any step keeps the others waiting, much shorter than a validation does."""


class CrewLost(MltrainError):
    """A helping process ended: the system killed it, most likely for want of memory."""

    exit_code = 3


def crew_size(parameters: int, batch_rows: int) -> int:
    """How many processes to train with: 1 where more would not help, or cannot be had.

    NumPy's own threads must be off, or they would fight the crew for the cores: see `mltrain.threads`.
    """
    if not crew_possible() or not blas_is_alone() or parameters < SMALLEST_NETWORK:
        return 1
    return max(1, min(cores(), batch_rows // ROWS_EACH, MOST))


class Crew:
    """``size`` processes on shared memory. ``rank`` says which one this is: 0 is the one that the user started."""

    def __init__(self, size: int):
        self.size, self.rank = size, 0
        self._parent = os.getpid()
        self._children: list[_Child] = []
        self._to_parent = -1
        # A cache line for each counter, or every count of one process would stall the others.
        self._arrived = self.shared(size * 8, np.int64).data
        self._meetings = 0

    def shared(self, count: int, dtype: npt.DTypeLike) -> npt.NDArray[Any]:
        """``count`` zeros that all processes see, if made before `start`."""
        if self.size == 1:
            return np.zeros(count, dtype)
        memory = mmap.mmap(-1, max(1, count * np.dtype(dtype).itemsize))
        return np.frombuffer(memory, dtype, count)

    def share(self, count: int) -> slice:
        """The part of ``count`` things that falls to this process."""
        return slice(self.rank * count // self.size, (self.rank + 1) * count // self.size)

    def start(self, work: Callable[[], None]) -> None:
        """Fork the others, each of which does ``work`` and ends with it. Returns in rank 0 only."""
        for rank in range(1, self.size):
            to_read, to_write = os.pipe()
            process = os.fork()
            if process == 0:
                self.rank, self._to_parent = rank, to_write
                _work_and_exit(work)
            os.close(to_write)
            self._children.append(_Child(process, to_read))

    def dismiss(self) -> None:
        """Rank 0: end the others, wherever they are; they own nothing that could be lost. May be called twice."""
        for child in self._children:
            os.kill(child.process, signal.SIGKILL)
            os.waitpid(child.process, 0)
            os.close(child.pipe)
        self._children = []

    def meet(self) -> None:
        """Wait until all processes are here. Raises `CrewLost` if one has ended."""
        self._meetings += 1
        number, arrived = self._meetings, self._arrived
        arrived[self.rank * 8] = number
        for counter in range(0, self.size * 8, 8):
            spins = 0
            while arrived[counter] < number:
                spins += 1
                if spins > _SPINS_BEFORE_SLEEP:
                    self._look_around()
                elif spins > 300:
                    os.sched_yield()

    def collect(self, mine: Any) -> list[Any]:
        """What each process has to hand in, in rank 0, by rank; nothing elsewhere."""
        if self.rank:
            text = pickle.dumps(mine)
            with os.fdopen(self._to_parent, "wb", closefd=False) as pipe:
                pipe.write(len(text).to_bytes(8, "little") + text)
            return []
        return [mine, *(child.receive() for child in self._children)]

    def _look_around(self) -> None:
        """While there is nothing to do: does everybody still live?"""
        time.sleep(0.0005)
        if self.rank and os.getppid() != self._parent:
            os._exit(1)
        for child in self._children:
            if os.waitpid(child.process, os.WNOHANG) != (0, 0):
                self._children.remove(child)
                raise CrewLost(
                    "a helping process was ended by the system; try again with --threads 1, which needs less memory"
                )


class _Child(NamedTuple):
    """Another process of the crew, as rank 0 sees it."""

    process: int
    pipe: int

    def receive(self) -> Any:
        with os.fdopen(self.pipe, "rb", closefd=False) as pipe:
            return pickle.loads(pipe.read(int.from_bytes(pipe.read(8), "little")))  # noqa: S301 our own fork wrote it


def _work_and_exit(work: Callable[[], None]) -> NoReturn:
    """The life of a helping process: no terminal, no files, no clean-up of what belongs to its parent."""
    code = 1
    try:
        # Ctrl-C reaches all processes of a terminal; only the first one decides what to do about it.
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        work()
        code = 0
    finally:
        os._exit(code)
