"""What people see while a network learns.

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
from mltrain.views.terminal.number_format import clock_time, number, parameter
from mltrain.views.terminal.redraw import Clock
from mltrain.views.terminal.terminal import Channel, Terminal
from mltrain.views.terminal.views import GAP, verbatim

_LOSS_WIDTH, _METRIC_WIDTH, _SPEED_WIDTH = len("1.234e-05"), len("0.01234"), len("123456")
"""Most numbers are no wider than these, in lines where nobody can know those to come."""


class TrainingDisplay(Protocol):
    """Shows the course of one training."""

    def show(self, report: EpochReport) -> None:
        """An epoch is over."""

    def step(self, step: int, steps: int, loss: float) -> None:
        """So many of the epoch's steps are done; ``loss`` is the mean so far. Costs next to nothing if called often."""

    def close(self) -> None:
        """Training is over, or was broken off."""


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

    ``past`` are the reports of the epochs that were done before, where a training goes on.
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
    """Shows a training in two places. Whoever made the two closes them."""

    def __init__(self, one: TrainingDisplay, other: TrainingDisplay):
        self._one, self._other = one, other

    def show(self, report: EpochReport) -> None:
        self._one.show(report)
        self._other.show(report)

    def step(self, step: int, steps: int, loss: float) -> None:
        self._one.step(step, steps, loss)
        self._other.step(step, steps, loss)

    def close(self) -> None:
        self._one.close()
        self._other.close()


class NoDisplay:
    """Shows nothing."""

    def show(self, report: EpochReport) -> None:
        pass

    def step(self, step: int, steps: int, loss: float) -> None:
        pass

    def close(self) -> None:
        pass


LONG_SILENCE = 10.0
"""Seconds after which, within an epoch, a line says how far it is."""


class PlainLines:
    """A line an epoch: ``epoch 3/5  loss 0.1234     accuracy 0.9312   W=4.61 b=0.40     412 µs/step``.

    Such a line depends on its report only; what usually changes its width is padded, so that the lines are aligned.
    Within long epochs, a line now and then says how far they are.
    """

    def __init__(self, channel: Channel, epochs: int, done: int, clock: Clock):
        self._channel, self._epochs, self._pace = channel, epochs, Pace(epochs, done, clock)
        self._clock = clock
        self._quiet_since = clock()

    def show(self, report: EpochReport) -> None:
        self._pace.epoch_done(report.epoch)
        total, time_a_step = str(report.epochs), speed(report)
        fields = [f"epoch {report.epoch:>{len(total)}}/{total}"]
        for name, text in measured(report).items():
            fields.append(f"{name} {text:<{_LOSS_WIDTH if name.endswith(('loss', 'rate')) else _METRIC_WIDTH}}")
        if report.tracked:
            fields.append(" ".join(f"{label}={parameter(value)}" for label, value in report.tracked.items()))
        if time_a_step:
            fields.append(f"{time_a_step:>{_SPEED_WIDTH}} µs/step")
        self._say(fields)

    def step(self, step: int, steps: int, loss: float) -> None:
        if self._clock() - self._quiet_since < LONG_SILENCE:
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

    def _say(self, fields: Sequence[str]) -> None:
        self._channel.print(verbatim(GAP.join(fields)))
        self._quiet_since = self._clock()

    def close(self) -> None:
        pass
