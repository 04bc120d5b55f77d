"""How fast a training goes, and how long it will take."""

from mltrain.views.terminal.redraw import Clock


class Pace:
    """Watches a training of so many epochs, of which ``done`` were done before it began. Times are in seconds."""

    def __init__(self, epochs: int, done: int, clock: Clock):
        self._epochs, self._before, self._done, self._clock = epochs, done, done, clock
        self._within = 0.0
        self._began = self._epoch_began = clock()

    def epoch_done(self, epoch: int) -> None:
        """Epoch number ``epoch`` is over."""
        self._done, self._within, self._epoch_began = epoch, 0.0, self._clock()

    def step_done(self, step: int, steps: int) -> None:
        """So many of the steps of the epoch under way are done."""
        self._within = step / steps

    @property
    def epoch(self) -> int:
        """The number of the epoch that is under way, or of the last one."""
        return min(self._done + 1, self._epochs)

    @property
    def within(self) -> float:
        """The share of the epoch that is done."""
        return self._within

    @property
    def share(self) -> float:
        """The share of all epochs that is done, those before the beginning among them."""
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
        """The time that the rest of the epoch will take; None while no step is done."""
        return self.in_epoch / self._within * (1 - self._within) if self._within else None

    @property
    def left(self) -> float | None:
        """The time that all the rest will take; None while no step is done."""
        done = self._done + self._within
        came = done - self._before
        return self.elapsed / came * (self._epochs - done) if came > 0 else None
