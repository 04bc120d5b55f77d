"""Several batches a step: `StepGroups` says when a step is due."""

from collections.abc import Callable


class StepGroups:
    """Groups of ``size`` batches, of which each is one step; the last group of an epoch may be smaller.

    ``accumulate`` adds up the gradients of a group: it is called with the rows of a batch, and whether the group is
    complete with it.
    """

    def __init__(self, size: int, accumulate: Callable[[int, bool], None]):
        self._size, self._accumulate, self._batches = size, accumulate, 0

    def take(self, rows: int, *, last: bool) -> bool:
        """Take a batch, perhaps the ``last`` one of its epoch; whether a step is due."""
        self._batches += 1
        due = last or self._batches == self._size
        self._accumulate(rows, due)
        if due:
            self._batches = 0
        return due
