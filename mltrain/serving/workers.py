"""Threads that predict, and the queue before them, which has an end."""

import asyncio
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from mltrain.serving.reading import Check
from mltrain.serving.refused import Refused
from mltrain.serving.settings import Settings

T = TypeVar("T")


class Workers:
    """Runs calls in threads, some at a time; refuses those that find the queue full or take too long."""

    def __init__(self, settings: Settings):
        self._settings = settings
        self._threads = ThreadPoolExecutor(settings.threads, "mltrain-predict")
        self._free = threading.BoundedSemaphore(settings.threads + settings.queue)

    async def run(self, call: Callable[[Check], T], deadline: float) -> T:
        """What ``call`` returns, by ``time.monotonic() == deadline``. It is handed what checks rows and time.

        Raises `Refused`. A call that is late ends at its next check.
        """
        if not self._free.acquire(blocking=False):
            raise Refused(
                503, "the server is busy, and its queue is full; try again later", headers={"Retry-After": "1"}
            )
        try:
            future = self._threads.submit(call, self.check(deadline))
        except BaseException:
            self._free.release()
            raise
        future.add_done_callback(lambda _: self._free.release())
        try:
            async with asyncio.timeout(deadline - time.monotonic()):
                return await asyncio.wrap_future(future)
        except TimeoutError:
            raise self._late() from None

    def check(self, deadline: float) -> Check:
        """What refuses too many rows, and rows that take too long."""

        def check(rows: int) -> None:
            most = self._settings.most_rows
            if rows > most:
                raise Refused(422, f"body: has more than {most:,} rows; send them in several requests")
            if time.monotonic() > deadline:
                raise self._late()

        return check

    def _late(self) -> Refused:
        return Refused(504, f"the prediction took longer than {self._settings.seconds:g} seconds; send fewer rows")

    def close(self) -> None:
        """Take no more calls; those that run come to their end."""
        self._threads.shutdown(wait=False, cancel_futures=True)
