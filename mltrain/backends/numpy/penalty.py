"""The penalty of a network's regularizers: its part of the loss and of the gradient."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from mltrain.engine.arrays import Floats
from mltrain.engine.network import Network
from mltrain.engine.regularizers.base import Regularizer
from mltrain.engine.slices import intersect, split

_LONGEST = 65_536
"""Numbers in one block of a regularizer's computation: intermediate results stay in the processor's cache."""


class Penalty:
    """The penalty for the parameters. ``gradients``, if given, is the flat vector to which derivatives are added.

    With several processes, it is restricted to some ``parts`` of the flat vector, and in a shard to the ``owned``
    parts.
    """

    def __init__(
        self,
        network: Network,
        gradients: Floats | None = None,
        owned: Sequence[slice] | None = None,
        parts: Sequence[slice] | None = None,
    ):
        pieces = [
            (regularizer, piece, owned is None or bool(intersect([place], owned)))
            for regularizer, place in network.regularized
            for piece in split([place] if parts is None else intersect([place], parts), _LONGEST)
        ]
        longest = max((piece.stop - piece.start for _, piece, _ in pieces), default=0)
        memory = np.empty((2, longest), network.parameters.dtype)
        self._pieces = [
            _Piece(
                regularizer,
                counts,
                network.parameters[piece],
                None if gradients is None else gradients[piece],
                *memory[:, : piece.stop - piece.start],
            )
            for regularizer, piece, counts in pieces
        ]

    def __call__(self) -> float:
        """The penalty for the current parameters; its derivatives are added to the gradients, if given."""
        total = 0.0
        for regularizer, counts, p, g, slope, scratch in self._pieces:
            penalty = regularizer.penalty(p, slope, scratch)
            if counts:
                total += penalty
            if g is not None:
                np.add(g, slope, out=g)
        return total


class _Piece(NamedTuple):
    regularizer: Regularizer
    counts: bool
    p: Floats
    g: Floats | None
    slope: Floats
    scratch: Floats
