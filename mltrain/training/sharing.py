"""A network that several processes train together, each a shard of it, in lockstep.

    every process    window ── forward ──┬── forward, loss ── backward ── update      its own shard, its own state
                                     exchange

All run the same steps on the same rows, and know the same loss; only the first one counts, reports and decides. So a
kernel, its gradient and its optimizer state stay in the cache of one processor core, and between processes goes little:
in the lesson of MNIST, ten numbers a row. (Sharing out the rows of the batch instead, as is usual, would send every
parameter and every gradient from core to core at each step; with batches of 32 that is slower than working alone.)

How a network is cut, and what has to be exchanged, is in `mltrain.engine.shards`. What it buys: compare `mltrain fit
configs/mnist.yaml --profile` with the same and `--threads 1`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from time import perf_counter
from typing import Any

import numpy as np

from mltrain.engine.arrays import Floats
from mltrain.engine.network import Network, Node
from mltrain.engine.optimizers import AVERAGE, first_vectors
from mltrain.engine.plan import Call
from mltrain.engine.shards import Exchange, Shard, exchange_backward, exchange_forward, is_large, shards
from mltrain.threads import blas_is_alone, cores, crew_possible
from mltrain.training.crew import Crew
from mltrain.training.learner import Learner, Run, Step, Task
from mltrain.training.state import Stream

MOST_PROCESSES = 4
"""Each reads what all others hand in, so there is no gain in ever more."""

WATCH_SECONDS, MOST_WAITING = 0.5, 0.6
"""Helpers are sent home when the first process has spent more than this share of the time in waiting for them: others
need the cores, and working in lockstep would take many times as long as working alone."""


def processes_for(nodes: Sequence[Node]) -> int:
    """How many processes to train these layers with: 1 where more would not help, or cannot be had.

    NumPy's own threads must be off, or they would fight the helpers for the cores: see `mltrain.threads`.
    """
    if not crew_possible() or not blas_is_alone() or not any(map(is_large, nodes)):
        return 1
    return min(cores(), MOST_PROCESSES)


class Sharing:
    """A network shared out among ``processes``, of which this is the first: together they are a `Learner`.

    Without helpers (they are sent home, or were never there), the first process takes the steps of all shards, one
    after the other between any two meetings, so that no result changes.
    """

    def __init__(self, network: Network, task: Task, processes: int):
        self._network, self._crew = network, Crew(processes)
        self._shards = shards(network, processes, self._crew.shared)
        for shard in self._shards:
            np.copyto(shard.network.parameters, self._part(shard, network.parameters))
        # What belongs to a shard lies where the first process can read and fill it.
        self._vectors = [
            first_vectors(task.optimizer, shard.network.parameters, self._crew.shared) for shard in self._shards
        ]
        # What is handed in at a meeting has two places, which take turns: nobody may fill the one that another still
        # reads, and from one step to the next all have met.
        self._turn = 0
        self._places: dict[str, Floats] = {}
        self._penalties, self._squares = (self._crew.shared((2, processes), np.float64) for _ in range(2))
        self._rates = self._crew.shared((2,), np.float64)
        self._clips = task.optimizer.clip_norm is not None
        self._learners = [
            Learner(
                shard.network,
                # The outputs that the window holds for metrics are those of the first process.
                task._replace(batches=[batch._replace(y=np.empty_like(batch.y)) for batch in task.batches])
                if rank
                else task,
                vectors=vectors,
                owned=shard.owned,
                forward_more=partial(self._forward_more, rank, task.batch_size),
                backward_more=partial(self._backward_more, rank, task.batch_size),
            )
            for rank, (shard, vectors) in enumerate(zip(self._shards, self._vectors, strict=True))
        ]
        self._first = self._learners[0]
        self.rate, self.learning_rate = self._first.rate, self._first.learning_rate
        self.dropout = Stream(*(learner.rng for learner in self._learners))
        self._work_on(range(processes))

    def start(self, epoch: Callable[[], None]) -> None:
        """Start the helpers, each of which goes through ``epoch`` whenever an epoch begins. Raises `CrewLost`."""

        def help_out() -> None:  # pragma: no cover  (only for helpers, and forks are not measured)
            self._work_on([self._crew.rank])
            epoch()

        self._work_on([0])
        self._crew.start(help_out)
        self._watched_since = perf_counter()

    def _work_on(self, ranks: Iterable[int]) -> None:
        """From here on, this process takes the steps of these shards."""
        self._mine = [(rank, self._learners[rank]) for rank in ranks]
        self.steps = [
            self._together(steps) for steps in zip(*(learner.steps for _, learner in self._mine), strict=True)
        ]

    def _together(self, steps: Sequence[Step]) -> Step:
        """One step of several shards: each call of all, before the next one of any."""

        def loss() -> float:
            first, *_ = [step.loss() for step in steps]
            return first

        return Step(
            [self._begin_step, *chain.from_iterable(zip(*(step.forward for step in steps), strict=True))],
            loss,
            list(chain.from_iterable(zip(*(step.backward for step in steps), strict=True))),
            steps[0].rows,
        )

    def _begin_step(self) -> None:
        self._turn = 1 - self._turn
        if not self._crew.rank:
            self._rates[self._turn] = self.rate()

    def _forward_more(self, rank: int, rows: int, call: Call) -> Sequence[Run]:
        exchange = None if call.layer is None else exchange_forward(call.layer)
        if exchange is None or call.at is None:
            return ()
        return self._exchange(exchange, f"y of {call.label}", rank, rows, call.at.y)

    def _backward_more(self, rank: int, rows: int, call: Call) -> Sequence[Run]:
        exchange = None if call.layer is None else exchange_backward(call.layer)
        if exchange is None or call.at is None or not call.at.wants_dx:
            return ()
        return self._exchange(exchange, f"dx of {call.label}", rank, rows, call.at.dx)

    def _exchange(self, exchange: Exchange, name: str, rank: int, most_rows: int, array: Floats) -> Sequence[Run]:
        """The calls that hand in what a shard has computed, and that make of what all hand in what it should be."""
        rows, width = array.shape
        if name not in self._places:
            self._places[name] = self._crew.shared((2, self._crew.size, most_rows, width), array.dtype)
        handed_in = [list(places) for places in self._places[name][:, :, :rows]]
        own = exchange.own

        def hand_in() -> None:
            np.copyto(handed_in[self._turn][rank], array)

        def add_up() -> None:
            self._crew.meet()
            first, *others = handed_in[self._turn]
            for other in others:
                np.add(first, other, out=array)
                first = array

        def hand_in_columns() -> None:
            np.copyto(handed_in[self._turn][0][:, own], array[:, own])

        def put_side_by_side() -> None:
            self._crew.meet()
            np.copyto(array, handed_in[self._turn][0])

        return (hand_in, add_up) if own is None else (hand_in_columns, put_side_by_side)

    def penalize(self) -> float:
        """Add the derivatives of what large parameters cost to the gradients; what they cost, together."""
        penalties = self._penalties[self._turn]
        for rank, learner in self._mine:
            penalties[rank] = learner.penalize()
        self._crew.meet()
        return float(penalties.sum())

    def accumulate(self, rows: int, complete: bool) -> None:
        """Take the gradients of one more batch of so many rows; see `Accumulation`."""
        for _, learner in self._mine:
            learner.accumulate(rows, complete)

    def update(self) -> None:
        """Apply the gradients."""
        squared_norm = None
        if self._clips:
            squares = self._squares[self._turn]
            for rank, learner in self._mine:
                squares[rank] = learner.portion.update.squared_norm()
            self._crew.meet()
            squared_norm = float(squares.sum())
        rate = float(self._rates[self._turn])
        for _, learner in self._mine:
            learner.portion.update(squared_norm, rate)
        if self._crew.leads and (watched := perf_counter() - self._watched_since) > WATCH_SECONDS:
            if self._crew.waited > MOST_WAITING * watched:
                self._go_on_alone()
            self._watched_since, self._crew.waited = perf_counter(), 0.0

    def _go_on_alone(self) -> None:
        """Between two steps, send the helpers home and take over all that they know."""
        self._crew.settle()
        self._crew.dismiss()
        for learner in self._learners[1:]:
            learner.portion.update.step = self._first.portion.update.step
            learner.learning_rate.restore(self.learning_rate.state())
        self.dropout.restore(self.dropout.state())
        self._work_on(range(len(self._learners)))

    def begin_epoch(self) -> None:
        """Let the helpers begin, too."""
        self._crew.meet()

    def end_epoch(self) -> None:
        """Bring what all have learned into the network, wherever in an epoch this is."""
        self._crew.settle()
        learned = [shard.network.parameters for shard in self._shards]
        np.copyto(
            self._network.parameters,
            self._whole([vectors.get(AVERAGE, own) for vectors, own in zip(self._vectors, learned, strict=True)]),
        )

    def state(self) -> dict[str, Any]:
        """What goes from step to step, of all shards together. Only between epochs."""
        whole = {name: self._whole([vectors[name] for vectors in self._vectors]) for name in self._vectors[0]}
        if AVERAGE in whole:  # which the network holds now, so that here is the place of what it is the mean of
            whole[AVERAGE] = self._whole([shard.network.parameters for shard in self._shards])
        return self._first.state() | whole

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`, with the parameters that the network has; before `start`."""
        for shard, learner in zip(self._shards, self._learners, strict=True):
            parameters = self._part(shard, self._network.parameters)
            own = {name: self._part(shard, state[name]) for name in self._vectors[0]}
            if AVERAGE in own:
                parameters, own[AVERAGE] = own[AVERAGE], parameters
            np.copyto(shard.network.parameters, parameters)
            learner.restore({**state, **own})

    def _part(self, shard: Shard, whole: Floats) -> Floats:
        """What belongs to a shard of a flat vector that belongs to the network."""
        part = np.empty_like(shard.network.parameters)
        arrays, own = self._network.views(whole), shard.network.views(part)
        for name, place in shard.places.items():
            np.copyto(own[name], arrays[name][place])
        return part

    def _whole(self, parts: Sequence[Floats]) -> Floats:
        """The flat vector of the network to which the parts of all shards belong."""
        whole = np.empty_like(self._network.parameters)
        arrays = self._network.views(whole)
        for shard, part in zip(self._shards, parts, strict=True):
            for name, own in shard.network.views(part).items():
                np.copyto(arrays[name][shard.places[name]], own)
        return whole

    def close(self) -> None:
        """Send the helpers home."""
        self._crew.dismiss()
