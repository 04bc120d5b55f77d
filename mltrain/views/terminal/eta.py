"""The speed and the remaining time of a training."""

from mltrain.views.terminal.redraw import Clock


class Pace:
    """Measures a training of ``epochs`` epochs, ``done`` of them complete before it began. Times are in seconds."""

    def __init__(self, epochs: int, done: int, clock: Clock):
        self._epochs, self._before, self._done, self._clock = epochs, done, done, clock
        self._within = 0.0
        self._began = self._epoch_began = clock()

    def epoch_done(self, epoch: int) -> None:
        """Epoch number ``epoch`` is complete."""
        self._done, self._within, self._epoch_began = epoch, 0.0, self._clock()

    def step_done(self, step: int, steps: int) -> None:
        """Records the number of completed steps of the current epoch."""
        self._within = step / steps

    @property
    def epoch(self) -> int:
        """The number of the current epoch, or of the last one."""
        return min(self._done + 1, self._epochs)

    @property
    def within(self) -> float:
        """The share of the epoch that is done."""
        return self._within

    @property
    def share(self) -> float:
        """The share of all epochs that is done, including epochs before a resumption."""
        return (self._done + self._within) / self._epochs if self._epochs else 1.0

    @property
    def in_epoch(self) -> float:
        """The time since the epoch began."""
        return self._clock() - self._epoch_began

    @property
    def elapsed(self) -> float:
        """The time since the beginning."""
        return self._clock() - self._began

    @property
    def epoch_left(self) -> float | None:
        """The remaining time of the epoch; None while no step is done."""
        return self.in_epoch / self._within * (1 - self._within) if self._within else None

    @property
    def left(self) -> float | None:
        """The remaining time of the training; None while no step is done."""
        done = self._done + self._within
        came = done - self._before
        return self.elapsed / came * (self._epochs - done) if came > 0 else None
