"""The display of downloads."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import NamedTuple

from mltrain.views.terminal.number_format import data_size, duration
from mltrain.views.terminal.progress import Bar, Bars, bar
from mltrain.views.terminal.redraw import Clock, LiveArea
from mltrain.views.terminal.terminal import Channel, Terminal
from mltrain.views.terminal.views import Column, Table, View, verbatim

Report = Callable[[str, int, int | None], None]
"""Called as a download proceeds: the file's name, the bytes there are, and those there will be (None: not known)."""


@contextmanager
def download_bar(terminal: Terminal, clock: Clock = time.monotonic) -> Iterator[Report]:
    """The callback of downloads: bars on a terminal, one line per file elsewhere, nothing if quiet."""
    if terminal.quiet:
        yield _ignore
    elif not terminal.err.is_terminal:
        yield _PlainLines(terminal.err).report
    else:
        bars = _LiveBars(terminal.err, clock)
        try:
            yield bars.report
        finally:
            bars.close()


def _ignore(name: str, done: int, total: int | None) -> None:
    pass


class _PlainLines:
    """A line when a download begins, so that a long one is explained."""

    def __init__(self, channel: Channel):
        self._channel = channel
        self._begun: set[str] = set()

    def report(self, name: str, done: int, total: int | None) -> None:
        if name not in self._begun:
            self._begun.add(name)
            size = f" ({data_size(total)})" if total else ""
            self._channel.print(verbatim(f"downloading {name}{size}"))


class _Download(NamedTuple):
    """One file's download, from ``began`` until ``now``."""

    began: float
    now: float
    done: int
    total: int | None

    def bar(self, name: str) -> Bar:
        seconds = self.now - self.began
        rate = [f"{data_size(self.done / seconds)}/s"] if seconds > 0 else []
        if not self.total:
            return Bar(name, 0, [data_size(self.done), *rate])
        return bar(name, self.done / self.total, seconds, f"{data_size(self.done)} of {data_size(self.total)}", *rate)


class _LiveBars:
    """One bar per file; at the end, the result of each."""

    def __init__(self, channel: Channel, clock: Clock):
        self._clock = clock
        self._downloads: dict[str, _Download] = {}
        self._area = LiveArea(channel, self._live, clock)

    def report(self, name: str, done: int, total: int | None) -> None:
        now = self._clock()
        before = self._downloads.get(name)
        # Fewer bytes than before: a second mirror starts from the beginning.
        began = before.began if before and done >= before.done else now
        self._downloads[name] = _Download(began, now, done, total)
        self._area.redraw()

    def close(self) -> None:
        rows = [
            (name, f"{data_size(download.done)} in {duration(download.now - download.began)}")
            for name, download in self._downloads.items()
        ]
        self._area.close(Table([Column(""), Column("")], rows))

    def _live(self, height: int) -> View:
        return Bars([download.bar(name) for name, download in list(self._downloads.items())[-height:]])
