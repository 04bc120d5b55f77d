"""What training calls while a browser watches: a `TrainingDisplay` whose screen is a page."""

import json
import math
import threading
import time
from collections.abc import Callable, Sequence

from mltrain.job import TrainingJob
from mltrain.training.epoch_report import EpochReport
from mltrain.views.live.broadcast import Broadcast
from mltrain.views.live.server import Server
from mltrain.views.pictures.gallery import previews_of
from mltrain.views.terminal.eta import Pace
from mltrain.views.terminal.loss_curve import sampled
from mltrain.views.terminal.redraw import Clock

_INTERVAL = 0.5
"""Seconds between two messages at least."""

_REST = 100
"""After a message, training has so many times as long as the message took: that costs a hundredth at the most."""

_MOST_VALUES = 300
"""Values of a curve that are sent: more than that, a screen cannot show."""

_FAREWELL = 1.0
"""Seconds that readers have at the end to take the last message."""


class LivePage:
    """Shows one job's training at ``address``, from its first step until `close`.

    ``past`` are the reports of the epochs that were done before. ``greet``, if given, is called with the address, in a
    thread of its own, as soon as the page is served.
    """

    def __init__(
        self,
        job: TrainingJob,
        clock: Clock = time.perf_counter,
        *,
        past: Sequence[EpochReport] = (),
        greet: Callable[[str], object] | None = None,
    ):
        self._title, self._epochs, self._clock = str(job.config.name), job.config.training.epochs, clock
        self._previews = previews_of(job.model([]), job.dataset)
        for preview in self._previews:
            preview.now()  # the first time takes much longer, for which the second message would have to wait
        self._first = 0
        self._last: EpochReport | None = None
        self._series: dict[str, list[float]] = {}
        for report in past:
            self._add(report)
        self._pace = Pace(self._epochs, self._last.epoch if self._last else 0, clock)
        self._over = False
        self._loss: float | None = None
        self._refit: tuple[int, int] | None = None
        self._due = clock()
        self._feed = Broadcast()
        # What stays the same is put into words now: the rows belong to the training thread.
        about = json.dumps({"title": self._title, "previews": [preview.about() for preview in self._previews]})
        self._server = Server(self._feed, lambda: about)
        self._greet = greet

    @property
    def address(self) -> str:
        return self._server.address

    def show(self, report: EpochReport) -> None:
        self._add(report)
        self._pace.epoch_done(report.epoch)
        self._loss = None
        self._tell_if_due()

    def _add(self, report: EpochReport) -> None:
        if self._last is None:
            self._first = report.epoch
        self._last = report
        for name, value in report.values.items():
            self._series.setdefault(name, []).append(value)

    def step(self, step: int, steps: int, loss: float) -> None:
        self._pace.step_done(step, steps)
        self._loss = loss
        self._tell_if_due()

    def refit(self, epoch: int, epochs: int) -> None:
        self._refit = epoch, epochs
        self._tell_if_due()

    def finish(self) -> None:
        """Publish the end of the training; later visitors of the page see how it ended."""
        self._over = True
        self._start()
        self._feed.publish(self._message(), last=True)

    def close(self) -> None:
        """Close the port, after readers had a moment to take the last message."""
        if not self._over:
            self.finish()
        self._feed.wait_for_readers_to_leave(_FAREWELL)
        self._server.stop()

    def _tell_if_due(self) -> None:
        began = self._clock()
        if began < self._due:
            return
        self._start()
        self._feed.publish(self._message())
        took = self._clock() - began
        self._due = began + took + max(_INTERVAL, _REST * took)

    def _start(self) -> None:
        """Serve. Not before the first step: training may fork until then, and should be alone in its process."""
        if not self._server.runs:
            self._server.start()
            if self._greet is not None:
                threading.Thread(target=self._greet, args=(self.address,), daemon=True).start()

    def _message(self) -> str:
        return json.dumps(
            {
                "over": self._over,
                "epoch": self._last.epoch if self._last else 0,
                "epochs": self._epochs,
                "share": self._pace.share,
                "left": None if self._over else self._pace.left,
                "refit": self._refit,
                "loss": _few([self._loss])[0] if self._loss is not None else None,
                "first": self._first,
                "series": {name: _few(values) for name, values in self._series.items()},
                "previews": [preview.now() for preview in self._previews],
            }
        )


def _few(values: Sequence[float]) -> list[float | None]:
    few = sampled(values, _MOST_VALUES) if len(values) > _MOST_VALUES else values
    return [value if math.isfinite(value) else None for value in few]
