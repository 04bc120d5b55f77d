"""The newest message, for all threads that wait for one."""

import threading
from typing import NamedTuple


class Message(NamedTuple):
    """What was said at last; ``number`` counts, and 0 is before anything was said. ``last``: there will be no more."""

    number: int
    text: str
    last: bool


class Broadcast:
    """Holds the newest message only: a slow reader misses some, and the writer never waits."""

    def __init__(self) -> None:
        self._message = Message(0, "", last=False)
        self._changed = threading.Condition()
        self._readers = 0

    def publish(self, text: str, *, last: bool = False) -> None:
        with self._changed:
            self._message = Message(self._message.number + 1, text, last)
            self._changed.notify_all()

    def newer(self, number: int, timeout: float) -> Message | None:
        """The newest message after that ``number``, as soon as there is one; None if there is none in time."""
        with self._changed:
            self._changed.wait_for(lambda: self._message.number > number, timeout)
            return self._message if self._message.number > number else None

    def __enter__(self) -> "Broadcast":
        """A reader comes."""
        with self._changed:
            self._readers += 1
        return self

    def __exit__(self, *exception: object) -> None:
        with self._changed:
            self._readers -= 1
            self._changed.notify_all()

    def wait_for_readers_to_leave(self, timeout: float) -> None:
        """Give them time to take the last message."""
        with self._changed:
            self._changed.wait_for(lambda: self._readers == 0, timeout)
