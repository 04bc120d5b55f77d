"""An optimizer at work on the flat vectors of a network: stretches, clipping, weight decay and the running mean."""

import math
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

import numpy as np

from mltrain.engine.arrays import Allocator, Floats
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.schedules.base import start
from mltrain.engine.slices import intersect, split

AVERAGE = "average"
"""The name of the running mean of the parameters, among the vectors that go from step to step."""


def first_vectors(optimizer: Optimizer, parameters: Floats, zeros: Allocator = np.zeros) -> dict[str, Floats]:
    """The vectors that an optimizer carries from step to step, as they are before the first; made by ``zeros``."""
    first: dict[str, float | Floats] = {**optimizer.state(), **({AVERAGE: parameters} if optimizer.use_ema else {})}
    vectors = {name: zeros(parameters.shape, parameters.dtype) for name in first}
    for name, value in first.items():
        if not isinstance(value, int | float) or value:
            vectors[name][...] = value
    return vectors


class Update:
    """An optimizer at work on a network's parameters: it owns the state and counts the steps.

    The rule runs on one stretch after another, each small enough that the vectors of a stretch stay in the processor's
    cache from the rule's first operation to its last. ``parts`` are those of the vectors that change, by default all;
    ``owned`` are those whose gradient counts in the norm, and ``vectors`` is memory for the state, if it is to lie
    anywhere in particular.
    """

    STRETCH = 131_072
    """Numbers in a stretch: 512 KB each of parameters, gradient and state. Half as many costs 5% in calls, twice as
    many falls out of a 2 MB cache."""

    FLUSH_EVERY, FLUSH_BELOW = 128, 1e-25
    """Decaying state of parameters without gradient ends among the subnormal numbers (below 1.2e-38), on which
    processors compute ten times slower. Setting it to 0 long before is not visible in any result, but lion's: it steps
    by the sign of its state, so a parameter that lost its gradient comes to rest the sooner. How epochs compare is
    measured by ``python -m benchmarks --only stall``."""

    def __init__(
        self,
        optimizer: Optimizer,
        parameters: Floats,
        gradients: Floats,
        parts: Sequence[slice] | None = None,
        vectors: dict[str, Floats] | None = None,
        owned: Sequence[slice] | None = None,
    ):
        parts = [slice(0, parameters.size)] if parts is None else parts
        self.optimizer, self.step = optimizer, 0
        self.learning_rate = start(optimizer.learning_rate)
        self.vectors = first_vectors(optimizer, parameters) if vectors is None else vectors
        longest = min(self.STRETCH, parameters.size)
        self._scratch, self._tiny = np.empty(longest, parameters.dtype), np.empty(longest, np.bool_)
        self._stretches = [
            _Stretch(
                parameters[piece],
                gradients[piece],
                self._scratch[: parameters[piece].size],
                {name: vector[piece] for name, vector in self.vectors.items() if name != AVERAGE},
                self.vectors[AVERAGE][piece] if optimizer.use_ema else None,
            )
            for piece in split(parts, self.STRETCH)
        ]
        self._owned = [
            gradients[piece] for piece in split(parts if owned is None else intersect(parts, owned), self.STRETCH)
        ]

    def rate(self, ago: int = 0) -> float:
        """The learning rate of the next step, or of one so many steps before it."""
        return self.learning_rate.at(max(0, self.step - ago))

    def squared_norm(self) -> float:
        """The sum of the squares of the gradient, as far as it is owned."""
        return sum(map(_squared_length, self._owned))

    def __call__(self, squared_norm: float | None = None, rate: float | None = None) -> None:
        """Apply the gradients as they are now.

        Where there are other owners, ``squared_norm`` is that of all, and ``rate`` the learning rate of all.
        """
        rate, optimizer = self.rate() if rate is None else rate, self.optimizer
        self.step += 1
        scale, keep = 1.0, 1 - (optimizer.weight_decay or 0) * rate
        if optimizer.clip_norm is not None:
            norm = math.sqrt(self.squared_norm() if squared_norm is None else squared_norm)
            scale = min(1.0, optimizer.clip_norm / norm) if norm else 1.0
        for p, g, scratch, state, average in self._stretches:
            if scale != 1:
                np.multiply(g, scale, out=g)
            if keep != 1:
                np.multiply(p, keep, out=p)
            optimizer.update(p, g, scratch, state, self.step, rate)
            if average is not None:
                self._follow(average, p, scratch)
        if self.step % self.FLUSH_EVERY == 0:
            self._flush_subnormals()

    def _follow(self, average: Floats, p: Floats, scratch: Floats) -> None:
        # The first step's result is the first mean, as in Keras: where training began is soon far away.
        keep = self.optimizer.ema_momentum if self.step > 1 else 0.0
        np.multiply(average, keep, out=average)
        np.multiply(p, 1 - keep, out=scratch)
        np.add(average, scratch, out=average)

    def swap_average(self) -> None:
        """Exchange the parameters and their running mean, if there is one."""
        for p, _, scratch, _, average in self._stretches:
            if average is not None:
                np.copyto(scratch, p)
                np.copyto(p, average)
                np.copyto(average, scratch)

    def state(self) -> dict[str, Any]:
        """The state: the number of steps, the state of the learning rate, and the optimizer's vectors."""
        return {"step": self.step, "learning_rate": self.learning_rate.state(), **self.vectors}

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`."""
        self.step = int(state["step"])
        self.learning_rate.restore(state["learning_rate"])
        for name, vector in self.vectors.items():
            np.copyto(vector, state[name])

    def _flush_subnormals(self) -> None:
        for stretch in self._stretches:
            for vector in stretch.state.values():
                tiny = self._tiny[: vector.size]
                np.abs(vector, out=stretch.scratch)
                np.less(stretch.scratch, self.FLUSH_BELOW, out=tiny)
                np.copyto(vector, 0, where=tiny)


class _Stretch(NamedTuple):
    """A piece of the flat vectors: parameters, gradient, scratch memory, state and, if wanted, the running mean."""

    p: Floats
    g: Floats
    scratch: Floats
    state: dict[str, Floats]
    average: Floats | None


def _squared_length(vector: Floats) -> float:
    """The sum of the squares, also where a float32 cannot hold it."""
    squared = float(np.vdot(vector, vector))
    if math.isfinite(squared):
        return squared
    return float(np.square(vector, dtype=np.float64).sum())
