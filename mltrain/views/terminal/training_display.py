"""The display of a running training.

    with training_display(terminal, title="linear", epochs=500) as display:
        for report in train(..., progress=display.step):
            display.show(report)

There are three displays: a live table on a terminal, a line an epoch elsewhere, and none where quiet is asked for.
"""

import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Protocol

from mltrain.training.epoch_report import EpochReport
from mltrain.views.terminal.epochs import measured, speed
from mltrain.views.terminal.eta import Pace
from mltrain.views.terminal.messages import note
from mltrain.views.terminal.number_format import clock_time, number, ordinal, parameter, plural
from mltrain.views.terminal.redraw import Clock
from mltrain.views.terminal.terminal import Channel, Terminal
from mltrain.views.terminal.views import GAP, verbatim

_LOSS_WIDTH, _METRIC_WIDTH, _SPEED_WIDTH = len("1.234e-05"), len("0.01234"), len("123456")
"""The usual widths of numbers: lines are aligned before later values are known."""


class TrainingDisplay(Protocol):
    """Shows the progress of one training, and of a second one that uses the validation rows, too."""

    def show(self, report: EpochReport) -> None:
        """An epoch is over."""

    def step(self, step: int, steps: int, loss: float) -> None:
        """The number of completed steps of the epoch; ``loss`` is their mean. Cheap enough to call at every step."""

    def refit(self, epoch: int, epochs: int) -> None:
        """So many epochs are done of the second training, which reports nothing else. Called with 0 first."""

    def close(self) -> None:
        """Training has ended or was interrupted."""


@contextmanager
def training_display(
    terminal: Terminal,
    *,
    title: str,
    epochs: int,
    past: Sequence[EpochReport] = (),
    clock: Clock = time.monotonic,
) -> Iterator[TrainingDisplay]:
    """The display that suits the terminal. ``title`` stands above the live table; ``epochs`` are planned.

    ``past`` are the reports of earlier epochs, for a resumed training.
    """
    display = _choose(terminal, title, epochs, past, clock)
    try:
        yield display
    finally:
        display.close()


def _choose(terminal: Terminal, title: str, epochs: int, past: Sequence[EpochReport], clock: Clock) -> TrainingDisplay:
    if terminal.quiet:
        return NoDisplay()
    if not terminal.err.is_terminal:
        return PlainLines(terminal.err, epochs, past[-1].epoch if past else 0, clock)
    from mltrain.views.terminal.training_table import LiveTable

    return LiveTable(terminal.err, title, epochs, past, clock)


class Both:
    """Shows a training in two places. The caller closes both."""

    def __init__(self, one: TrainingDisplay, other: TrainingDisplay):
        self._one, self._other = one, other

    def show(self, report: EpochReport) -> None:
        self._one.show(report)
        self._other.show(report)

    def step(self, step: int, steps: int, loss: float) -> None:
        self._one.step(step, steps, loss)
        self._other.step(step, steps, loss)

    def refit(self, epoch: int, epochs: int) -> None:
        self._one.refit(epoch, epochs)
        self._other.refit(epoch, epochs)

    def close(self) -> None:
        self._one.close()
        self._other.close()


class NoDisplay:
    """Shows nothing."""

    def show(self, report: EpochReport) -> None:
        pass

    def step(self, step: int, steps: int, loss: float) -> None:
        pass

    def refit(self, epoch: int, epochs: int) -> None:
        pass

    def close(self) -> None:
        pass


LONG_SILENCE = 10.0
"""Seconds between progress lines within an epoch; the interval grows with the duration of the training."""

MOST_LINES = 50
"""The largest number of lines about epochs, besides the first and the last."""


def spacing(epochs: int) -> int:
    """The interval of shown epochs: the smallest of 1, 2, 5, 10, 20, ... that gives at most `MOST_LINES` lines."""
    powers = (factor * 10**power for power in range(16) for factor in (1, 2, 5))
    return next(every for every in powers if epochs <= every * MOST_LINES)


def is_shown(epoch: int, every: int) -> bool:
    """Whether an epoch is shown: each multiple of the interval and, before the first one, 1, 2, 5, 10, 20, ..."""
    return epoch % every == 0 or (epoch < every and str(epoch).rstrip("0") in ("1", "2", "5"))


def field(name: str, text: str) -> str:
    """A number of a line, padded to its usual width."""
    return f"{name} {text:<{_LOSS_WIDTH if name.endswith(('loss', 'rate')) else _METRIC_WIDTH}}"


class PlainLines:
    """A line an epoch: ``epoch 3/5  loss 0.1234     accuracy 0.9312   W=4.61 b=0.40     412 µs/step``.

    A line depends on its report only; values are padded to their usual width, so that the lines are aligned. Of many
    epochs, some are shown (see `is_shown`), and a note says so. Within long epochs, lines report the progress.
    """

    def __init__(self, channel: Channel, epochs: int, done: int, clock: Clock):
        self._channel, self._epochs, self._pace = channel, epochs, Pace(epochs, done, clock)
        self._clock = clock
        self._quiet_since = clock()
        self._every = spacing(epochs - done)
        self._is_first = True
        self._left_out: EpochReport | None = None
        if self._every > 1:
            every = f"every {ordinal(self._every)} of {epochs:,} epochs is shown; history.csv has all of them"
            self._channel.print(note(every))

    def show(self, report: EpochReport) -> None:
        self._pace.epoch_done(report.epoch)
        is_due = self._is_first or is_shown(report.epoch, self._every) or report.epoch == self._epochs
        self._is_first, self._left_out = False, None if is_due else report
        if is_due:
            self._show(report)

    def _show(self, report: EpochReport) -> None:
        total, time_a_step = str(report.epochs), speed(report)
        fields = [f"epoch {report.epoch:>{len(total)}}/{total}"]
        fields += [field(name, text) for name, text in measured(report).items()]
        if report.tracked:
            fields.append(" ".join(f"{label}={parameter(value)}" for label, value in report.tracked.items()))
        if time_a_step:
            fields.append(f"{time_a_step:>{_SPEED_WIDTH}} µs/step")
        self._say(fields)

    def step(self, step: int, steps: int, loss: float) -> None:
        silence = self._clock() - self._quiet_since
        if silence < LONG_SILENCE or silence < self._pace.elapsed / MOST_LINES:
            return
        self._pace.step_done(step, steps)
        total = str(self._epochs)
        at = f"epoch {self._pace.epoch:>{len(total)}}/{total}  step {step:,}/{steps:,}"
        rate = f"{step / self._pace.in_epoch:,.0f} steps/s"
        left = {"in the epoch": self._pace.epoch_left, "in all": self._pace.left}
        told = ", ".join(
            f"{clock_time(seconds)} left {where}" for where, seconds in left.items() if seconds is not None
        )
        self._say([at, f"loss {number(loss)}", rate, told])

    def refit(self, epoch: int, epochs: int) -> None:
        if epoch == 0:
            self._show_left_out()
            self._channel.print(note(f"training again for {plural(epochs, 'epoch')}, on the validation rows, too"))
        elif self._clock() - self._quiet_since >= LONG_SILENCE:
            self._say([f"training again: epoch {epoch:,}/{epochs:,}"])

    def _say(self, fields: Sequence[str]) -> None:
        self._channel.print(verbatim(GAP.join(fields)))
        self._quiet_since = self._clock()

    def close(self) -> None:
        self._show_left_out()

    def _show_left_out(self) -> None:
        """The last epoch of a training that stopped early."""
        if self._left_out is not None:
            self._show(self._left_out)
            self._left_out = None
