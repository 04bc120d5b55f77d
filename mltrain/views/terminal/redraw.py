"""A part of the terminal that is redrawn in place."""

import time
from collections.abc import Callable

from mltrain.views.terminal.terminal import Channel
from mltrain.views.terminal.views import View

Clock = Callable[[], float]
"""A clock in seconds with an arbitrary start."""

REDRAW_INTERVAL = 0.1
"""Seconds between two drawings: drawing takes time from training."""


class LiveArea:
    """Draws the result of ``view`` (for the terminal's number of lines) when `redraw` is called and a drawing is due.

    Without a thread: until a drawing is due, a call only reads the clock. A task that ends before the first drawing is
    due is drawn once.
    """

    def __init__(self, channel: Channel, view: Callable[[int], View], clock: Clock = time.monotonic):
        from rich.live import Live

        self._channel, self._view, self._clock = channel, view, clock
        # Python's print would otherwise go through this console, and so results to stderr.
        self._live = Live(
            console=channel.console,
            auto_refresh=False,
            vertical_overflow="crop",
            redirect_stdout=False,
            redirect_stderr=False,
        )
        self._due = clock() + REDRAW_INTERVAL

    def redraw(self) -> None:
        """Draw, if it is time to."""
        if self._clock() < self._due:
            return
        self._live.start()
        self._live.update(self._view(self._channel.console.height), refresh=True)
        self._due = self._clock() + REDRAW_INTERVAL

    def close(self, final: View) -> None:
        """Leave ``final`` on the terminal, and the cursor below it."""
        if self._live.is_started:
            self._live.update(final)
            self._live.stop()
        else:
            self._channel.print(final)
