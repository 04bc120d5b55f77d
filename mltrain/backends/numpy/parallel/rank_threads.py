"""All ranks in one process, each in a thread, for layers that wait within a call for arrays of other ranks."""

from collections.abc import Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from threading import Barrier, BrokenBarrierError

import numpy as np

from mltrain.backends.numpy.train_step import Run


class RankThreads:
    """Runs the calls of ``count`` ranks at once. There is no thread before the first `run`."""

    def __init__(self, count: int):
        self._barrier = Barrier(count)
        self._pool = ThreadPoolExecutor(count - 1)

    def wait(self) -> None:
        """The barrier: wait, in a rank, until all ranks have arrived."""
        self._barrier.wait()

    def run(self, ranks: Sequence[Sequence[Run]]) -> None:
        """Run the calls of each rank in its thread, the first rank's in this one. Exceptions are raised here."""
        first, *others = ranks
        threads = [self._pool.submit(self._work, calls) for calls in others]
        with suppress(BrokenBarrierError):
            self._work(first)
        errors = [error for thread in threads if (error := thread.exception()) is not None]
        for error in sorted(errors, key=lambda error: isinstance(error, BrokenBarrierError)):
            raise error

    def _work(self, calls: Sequence[Run]) -> None:
        try:
            with np.errstate(all="ignore"):
                for call in calls:
                    call()
        except BaseException:
            self._barrier.abort()  # otherwise the others would wait forever
            raise

    def close(self) -> None:
        """End the threads."""
        self._pool.shutdown()
