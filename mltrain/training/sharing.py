"""The large kernels of a network, shared out among processes: each owns some rows of every one.

    forward     each process    x[:, own] @ kernel[own]            the first process adds up what comes out
    backward    each process    gradient[own] = x[:, own].T @ dy   and dx[:, own] = dy @ kernel[own].T
    update      each process    its own rows

So a kernel, its gradient and its optimizer state stay in the cache of one processor core: between processes go only x,
dy and the partial sums, a hundredth of them. All other layers, the loss and the metrics are the first process's alone.
(Sharing out the rows of the batch instead, as is usual, would send every parameter and every gradient from core to core
at each step; with batches of 32 that is slower than working alone.)

What it buys: compare `mltrain fit configs/mnist.yaml --profile` with the same and `--threads 1`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise
from time import perf_counter
from typing import Any

import numpy as np

from mltrain.engine.arrays import Floats
from mltrain.engine.layers import Buffers
from mltrain.engine.layers.dense import Dense
from mltrain.engine.network import Network, Node
from mltrain.engine.optimizers import Optimizer, first_vectors
from mltrain.engine.plan import Call
from mltrain.engine.stretches import common
from mltrain.threads import blas_is_alone, cores, crew_possible
from mltrain.training.crew import Crew
from mltrain.training.portion import Portion

SMALLEST_KERNEL = 50_000
"""Numbers in a kernel that is worth sharing: with fewer, a step is over before help could be asked for."""

MOST_PROCESSES = 4
"""What they hand in is added up by one of them, so there is no gain in ever more."""

WATCH_SECONDS, MOST_WAITING = 0.5, 0.6
"""Helpers are sent home when the first process has spent more than this share of the time in waiting for them: others
need the cores, and working in lockstep would take many times as long as working alone."""

_FORWARD, _BACKWARD, _PENALIZE, _ACCUMULATE, _NORM, _UPDATE, _HAND_IN = range(7)


def processes_for(nodes: Sequence[Node]) -> int:
    """How many processes to train these layers with: 1 where more would not help, or cannot be had.

    NumPy's own threads must be off, or they would fight the helpers for the cores: see `mltrain.threads`.
    """
    if not crew_possible() or not blas_is_alone() or not any(map(_is_large, nodes)):
        return 1
    return min(cores(), MOST_PROCESSES)


def _is_large(node: Node) -> bool:
    kernel = node.parameters.get("kernel")
    if not isinstance(node.layer, Dense) or kernel is None or not kernel.trainable:
        return False
    inputs, units = kernel.shape
    return inputs * units >= SMALLEST_KERNEL and inputs >= 16 * MOST_PROCESSES


@dataclass
class _SharedKernel:
    """One large kernel: which ``rows`` of it are whose, by rank, and which ``parts`` of the flat vector these are.

    ``x``, ``dy``, ``partial`` (by rank) and ``dx`` (by rank) are seen by all processes.
    """

    rows: Sequence[slice]
    parts: Sequence[slice]
    kernel: Floats
    gradient: Floats
    x: Floats
    dy: Floats
    partial: Sequence[Floats]
    dx: Sequence[Floats] | None

    def help_forward(self, rank: int, rows: int) -> None:
        own = self.rows[rank]
        np.dot(self.x[:rows, own], self.kernel[own], out=self.partial[rank][:rows])

    def help_backward(self, rank: int, rows: int) -> None:
        own, dy = self.rows[rank], self.dy[:rows]
        np.dot(self.x[:rows, own].T, dy, out=self.gradient[own])
        if self.dx is not None:
            np.dot(dy, self.kernel[own].T, out=self.dx[rank][:rows])


class Sharing:
    """A network whose large kernels are shared out among ``processes``, of which this is the first.

    ``gradients`` is the flat vector into which the network's layers write; ``batch_size`` is the most rows of a batch.
    """

    def __init__(self, network: Network, gradients: Floats, optimizer: Optimizer, batch_size: int, processes: int):
        self._network, self._crew = network, Crew(processes)
        first = next(node for node in network.nodes if node.trainable_count)
        self._kernels = {
            node.name: self._shared_kernel(node, gradients, batch_size, wants_dx=node is not first)
            for node in network.nodes
            if _is_large(node)
        }
        self._in_order = list(self._kernels.values())
        # What nobody writes to takes no memory: the first process's own parameters are never handed in.
        self._handed_in = self._crew.shared(network.parameters.shape, network.parameters.dtype)
        # The optimizer's vectors are each process's own, but lie where the first one can read and fill them.
        vectors = first_vectors(optimizer, network.parameters, self._crew.shared)
        # By rank: what each process has found about its own parameters, for the first one to add up.
        self._squares, self._penalties = (self._crew.shared((processes,), np.float64) for _ in range(2))
        self._rate_of_step = self._crew.shared((1,), np.float64)
        self._retired = False
        self._clips = optimizer.clip_norm is not None
        self._portions = [
            Portion(network, gradients, optimizer, batch_size, self._parts(rank), vectors) for rank in range(processes)
        ]
        self._first = self._portions[0]
        self.learning_rate = self._first.learning_rate

    def start(self, *, alone: bool = False) -> None:
        """Start the helpers with the parameters as they are now; ``alone``: do their work, too. Raises `CrewLost`."""
        self._retired = alone
        # Between epochs the network holds the mean of the parameters, if one is wanted; all work is done on the others.
        self.swap_average()
        self._crew.start(self._work, alone=alone)
        self.swap_average()
        self._watched_since = perf_counter()

    def _shared_kernel(self, node: Node, gradients: Floats, batch_size: int, *, wants_dx: bool) -> _SharedKernel:
        crew, dtype, name = self._crew, self._network.parameters.dtype, f"{node.name}.kernel"
        place, (inputs, units) = self._network.places[name]
        bounds = [rank * inputs // crew.size for rank in range(crew.size + 1)]
        rows = [slice(*pair) for pair in pairwise(bounds)]
        return _SharedKernel(
            rows=rows,
            parts=[slice(place.start + part.start * units, place.start + part.stop * units) for part in rows],
            kernel=self._network.arrays[name],
            gradient=self._network.views(gradients)[name],
            x=crew.shared((batch_size, inputs), dtype),
            dy=crew.shared((batch_size, units), dtype),
            partial=[crew.shared((batch_size, units), dtype) for _ in rows],
            dx=[crew.shared((batch_size, part.stop - part.start), dtype) for part in rows] if wants_dx else None,
        )

    def _parts(self, rank: int) -> list[slice]:
        """The pieces of the flat vector that a process updates: its own rows, and in the first one all that is left.

        What is not trained is nobody's.
        """
        if rank:
            return [kernel.parts[rank] for kernel in self._in_order]
        ends = [(kernel.parts[0].stop, kernel.parts[-1].stop) for kernel in self._in_order]
        starts = [0, *(stop for _, stop in ends)]
        stops = [*(start for start, _ in ends), self._network.parameters.size]
        return common([slice(*pair) for pair in zip(starts, stops, strict=True)], self._network.trainable)

    def forward(self, call: Call) -> Callable[[], None]:
        """A layer's forward call, with help if it is large."""
        kernel, layer, at = self._kernels.get(call.label), call.layer, call.at
        if kernel is None or not isinstance(layer, Dense) or at is None:
            return call.run
        own, rows, number = _own(kernel, at), len(at.x), self._in_order.index(kernel)
        x, partials = kernel.x[:rows], [partial[:rows] for partial in kernel.partial[1:]]

        def run() -> None:
            np.copyto(x, at.x)
            self._crew.order(_FORWARD, number, rows)
            layer.forward(own)
            self._crew.wait()
            for partial in partials:
                np.add(at.y, partial, out=at.y)

        return run

    def backward(self, call: Call) -> Callable[[], None]:
        """A layer's backward call, with help if it is large."""
        kernel, layer, at = self._kernels.get(call.label), call.layer, call.at
        if kernel is None or not isinstance(layer, Dense) or at is None:
            return call.run
        own, rows, number, dy = _own(kernel, at), len(at.x), self._in_order.index(kernel), kernel.dy[: len(at.x)]
        columns = [(at.dx[:, part], dx[:rows]) for part, dx in zip(kernel.rows, kernel.dx or [], strict=False)]

        def run() -> None:
            np.copyto(dy, at.dy)
            self._crew.order(_BACKWARD, number, rows)
            layer.backward(own)
            if columns:
                self._crew.wait()
            for place, dx in columns:
                np.copyto(place, dx)

        return run

    def rate(self, ago: int = 0) -> float:
        """The learning rate of the next step, or of one so many steps before it."""
        return self._first.update.rate(ago)

    def penalize(self) -> float:
        """Add the derivatives of what large parameters cost to the gradients; what they cost, together."""
        self._crew.order(_PENALIZE)
        own = self._first.penalize()
        self._crew.wait()
        return own + float(self._penalties[1:].sum())

    def accumulate(self, rows: int, complete: bool) -> None:
        """Take the gradients of one more batch of so many rows; see `Accumulation`."""
        self._crew.order(_ACCUMULATE, rows, complete)
        self._first.accumulate(rows, complete)

    def update(self) -> None:
        """Apply the gradients, each process to its own parameters."""
        total = None
        if self._clips:
            self._crew.order(_NORM)
            own = self._first.update.squared_norm()
            self._crew.wait()
            total = self._squares[0] = own + float(self._squares[1:].sum())
        self._rate_of_step[0] = rate = self._first.update.rate()
        self._crew.order(_UPDATE)
        self._first.update(total, rate)
        if (watched := perf_counter() - self._watched_since) > WATCH_SECONDS:
            if self._crew.waited > MOST_WAITING * watched:
                self.retire()
            self._watched_since, self._crew.waited = perf_counter(), 0.0

    def collect(self) -> None:
        """Bring all parameters into the first process."""
        if self._retired:
            return
        self._crew.order(_HAND_IN)
        self._crew.wait()
        for rank, portion in enumerate(self._portions[1:], 1):
            for part in self._parts(rank):
                self._network.parameters[part] = self._handed_in[part]
            portion.update.step = self._first.update.step

    def swap_average(self) -> None:
        """Exchange the parameters and their running mean, if there is one. Only between `collect` and the next step."""
        for portion in self._portions:
            portion.swap_average()

    def state(self) -> dict[str, Any]:
        """What goes from step to step, of all processes together. Only between `collect` and the next step."""
        return self._first.state()

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`; before `start`."""
        for portion in self._portions:
            portion.restore(state)

    def retire(self) -> None:
        """Send the helpers home, and do their work, too: piece by piece as they did, so that no result changes."""
        self.collect()
        self.close()

    def close(self) -> None:
        """Send the helpers home."""
        self._retired = True
        self._crew.dismiss()

    def _work(self, rank: int, order: int, number: int, rows: int) -> None:
        """What a helper does when it is told to. All but what the crew shares are copies of its own, from the fork."""
        portion = self._portions[rank]
        if order == _FORWARD:
            self._in_order[number].help_forward(rank, rows)
        elif order == _BACKWARD:
            self._in_order[number].help_backward(rank, rows)
        elif order == _PENALIZE:
            self._penalties[rank] = portion.penalize()
        elif order == _ACCUMULATE:
            portion.accumulate(number, bool(rows))
        elif order == _NORM:
            self._squares[rank] = portion.update.squared_norm()
        elif order == _UPDATE:
            portion.update(float(self._squares[0]) if self._clips else None, float(self._rate_of_step[0]))
        elif order == _HAND_IN:  # pragma: no cover  (only for helpers, and forks are not measured)
            for part in self._parts(rank):
                self._handed_in[part] = self._network.parameters[part]


def _own(kernel: _SharedKernel, at: Buffers) -> Buffers:
    """The buffers of a dense layer, narrowed down to the rows of the kernel that the first process owns."""
    part = kernel.rows[0]
    return replace(
        at,
        x=at.x[:, part],
        parameters=at.parameters | {"kernel": kernel.kernel[part]},
        gradients=at.gradients | {"kernel": kernel.gradient[part]},
        dx=kernel.dx[0][: len(at.x)] if kernel.dx is not None else at.dx,
    )
