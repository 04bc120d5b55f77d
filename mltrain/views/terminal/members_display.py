"""The display of several trainings: a line for each that is done, and on a terminal a bar for all of them."""

import time
from collections.abc import Mapping
from contextlib import AbstractContextManager, closing, nullcontext

from mltrain.views.terminal.number_format import number, plural
from mltrain.views.terminal.progress import Bars, bar
from mltrain.views.terminal.redraw import Clock, LiveArea
from mltrain.views.terminal.terminal import Channel, Terminal
from mltrain.views.terminal.training_display import field
from mltrain.views.terminal.views import GAP, Lines, Stack, View, verbatim


class MembersDisplay:
    """Shows the progress of several trainings; this one, for quiet commands, shows nothing."""

    def done(self, values: Mapping[str, float], epochs: int) -> None:
        """The next one is done: its loss and metrics, and the number of its epochs."""

    def told(self, index: int, share: float) -> None:
        """How far one is, by its number from 0."""


def members_display(
    terminal: Terminal, name: str, count: int, clock: Clock = time.monotonic
) -> AbstractContextManager[MembersDisplay]:
    """The display that suits the terminal. ``name`` is what one training is called, ``count`` how many there are."""
    if terminal.quiet:
        return nullcontext(MembersDisplay())
    if not terminal.err.is_terminal:
        return nullcontext(_PlainLines(terminal.err, name, count))
    return closing(_LiveLines(terminal.err, name, count, clock))


def member_line(name: str, index: int, count: int, values: Mapping[str, float], epochs: int) -> Lines:
    """The line about one of several trainings: ``fold 2/5  loss 0.1234     accuracy 0.9312   100 epochs``."""
    total = f"{count:,}"
    fields = [
        f"{name} {index:>{len(total)},}/{total}",
        *(field(label, number(value)) for label, value in values.items()),
    ]
    return verbatim(GAP.join([*fields, plural(epochs, "epoch")]))


class _PlainLines(MembersDisplay):
    def __init__(self, channel: Channel, name: str, count: int):
        self._channel, self._name, self._count, self._shown = channel, name, count, 0

    def done(self, values: Mapping[str, float], epochs: int) -> None:
        self._shown += 1
        self._channel.print(member_line(self._name, self._shown, self._count, values, epochs))


class _LiveLines(MembersDisplay):
    """The lines stay; the bar below them goes when all are done."""

    def __init__(self, channel: Channel, name: str, count: int, clock: Clock):
        self._name, self._count, self._clock = name, count, clock
        self._lines: list[View] = []
        self._shares: dict[int, float] = {}
        self._began = clock()
        self._area = LiveArea(channel, self._live, clock)

    def done(self, values: Mapping[str, float], epochs: int) -> None:
        self._shares[len(self._lines)] = 1.0
        self._lines.append(member_line(self._name, len(self._lines) + 1, self._count, values, epochs))
        self._area.redraw()

    def told(self, index: int, share: float) -> None:
        self._shares[index] = share
        self._area.redraw()

    def close(self) -> None:
        self._area.close(Stack(self._lines))

    def _live(self, height: int) -> View:
        share = sum(self._shares.values()) / self._count
        progress = bar(plural(self._count, self._name), share, self._clock() - self._began)
        return Stack([*self._lines[-max(1, height - 2) :], Bars([progress])])
