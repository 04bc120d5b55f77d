"""Ctrl-C while training: stop between two steps, keep what was learned; a second one ends at once."""

import signal
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import FrameType

_SIGNALS = [getattr(signal, name) for name in ("SIGINT", "SIGTERM", "SIGHUP") if hasattr(signal, name)]

_HANGUP = getattr(signal, "SIGHUP", None)


@contextmanager
def interruptible(signals: Sequence[int] = _SIGNALS) -> Iterator[Callable[[], bool]]:
    """Within the block, ``signals`` that ask to end are only noted; yields a function that says whether one came.

    A second signal of the same kind does what it does otherwise, but for SIGHUP: when a terminal is closed, both its
    shell and the system say so. Signals that are ignored stay so: under nohup, a training outlives its terminal. Only
    the main thread may use this.
    """
    came = False

    def note(number: int, _frame: FrameType | None) -> None:
        nonlocal came
        came = True
        if number != _HANGUP:
            signal.signal(number, before[number])

    before = {number: signal.getsignal(number) for number in signals}
    heard = [number for number, handler in before.items() if handler not in (signal.SIG_IGN, None)]
    for number in heard:
        signal.signal(number, note)
    try:
        yield lambda: came
    finally:
        for number in heard:
            signal.signal(number, before[number])
