"""The regularizers of a network at work: what they add to the loss, and to its gradient."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mltrain.engine.arrays import Floats
from mltrain.engine.network import Network
from mltrain.engine.regularizers import Regularizer
from mltrain.engine.stretches import common, cut

_LONGEST = 65_536
"""Numbers that a regularizer looks at together: what it writes about them stays in the processor's cache."""


class Penalty:
    """What the parameters in some ``parts`` of the flat vector, by default all, cost.

    ``gradients`` is the flat vector to which the derivatives are added; without it, only the value is asked for.
    """

    def __init__(self, network: Network, gradients: Floats | None = None, parts: Sequence[slice] | None = None):
        pieces = [
            (regularizer, piece)
            for regularizer, place in network.regularized
            for piece in cut([place] if parts is None else common([place], parts), _LONGEST)
        ]
        longest = max((piece.stop - piece.start for _, piece in pieces), default=0)
        memory = np.empty((2, longest), network.parameters.dtype)
        self._pieces = [
            _Piece(
                regularizer,
                network.parameters[piece],
                None if gradients is None else gradients[piece],
                *memory[:, : piece.stop - piece.start],
            )
            for regularizer, piece in pieces
        ]

    def __call__(self) -> float:
        """The penalty for the parameters as they are now; its derivatives are added to the gradients, if any."""
        total = 0.0
        for regularizer, p, g, slope, scratch in self._pieces:
            total += regularizer.penalty(p, slope, scratch)
            if g is not None:
                np.add(g, slope, out=g)
        return total


class _Piece(NamedTuple):
    regularizer: Regularizer
    p: Floats
    g: Floats | None
    slope: Floats
    scratch: Floats
