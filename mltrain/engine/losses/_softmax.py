"""What both crossentropies over classes compute from the scores that go into softmax."""

import numpy as np

from mltrain.engine.arrays import Floats, largest_of_rows


def shifted_scores(z: Floats) -> tuple[Floats, Floats]:
    """The scores ``(rows, classes)`` less each row's largest, and the logarithm of the sum of their exp, ``(rows,)``.

    The first less the second is the logarithm of softmax; subtracting the largest keeps exp from overflowing.
    """
    shifted = z - largest_of_rows(z)
    return shifted, np.log(np.add.reduce(np.exp(shifted), axis=1))
