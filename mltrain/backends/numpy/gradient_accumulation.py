"""Gradient accumulation: the mean gradient of several batches, as of one large batch."""

from collections.abc import Callable, Sequence

import numpy as np

from mltrain.engine.arrays import Floats


class GradientSums:
    """Sums the gradients in some ``parts`` of the flat vector.

    Batches are weighted by their rows, so that the mean is over all rows. ``rows`` is the usual batch size, of which
    gradients have the factor 1.
    """

    def __init__(self, gradients: Floats, parts: Sequence[slice], rows: int):
        self._usual = rows
        self._gradients = [gradients[part] for part in parts]
        self._sums: list[Floats] = []
        self._batches = 0.0

    def __call__(self, rows: int, complete: bool) -> None:
        """Add the gradients of a batch of ``rows`` rows; the last batch of a group is ``complete``.

        Then the gradients become the means over the rows of all batches of the group, and the next group begins.
        """
        share, empty = rows / self._usual, not self._batches
        self._batches += share
        if empty and complete:  # a group of one batch: its gradients already are the means
            self._batches = 0.0
            return
        if not self._sums:  # allocated lazily: most trainings do not accumulate
            self._sums = [np.empty_like(g) for g in self._gradients]
        for g, total in zip(self._gradients, self._sums, strict=True):
            if share != 1:
                np.multiply(g, share, out=g)
            if empty:
                np.copyto(total, g)
            elif complete:
                np.add(g, total, out=g)
                np.multiply(g, 1 / self._batches, out=g)
            else:
                np.add(total, g, out=total)
        if complete:
            self._batches = 0.0


class BatchGroups:
    """Groups of ``size`` batches, with one step each; the last group of an epoch may be smaller.

    ``accumulate`` adds up the gradients of a group: it is called with the rows of a batch, and whether the group is
    complete with it.
    """

    def __init__(self, size: int, accumulate: Callable[[int, bool], None]):
        self._size, self._accumulate, self._batches = size, accumulate, 0

    def take(self, rows: int, *, last: bool) -> bool:
        """Add a batch, which may be the ``last`` one of its epoch; whether a step is due."""
        self._batches += 1
        due = last or self._batches == self._size
        self._accumulate(rows, due)
        if due:
            self._batches = 0
        return due
