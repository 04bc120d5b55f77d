"""A network that several processes train together, each a shard of it, in lockstep.

    every process    window ── forward ──┬── forward, loss ── backward ── update      its own shard, its own state
                                     exchange

All run the same steps on the same rows, and know the same loss; only the first one counts, reports and decides. So a
kernel, its gradient and its optimizer state stay in the cache of one processor core, and between processes goes little:
in the lesson of MNIST, ten numbers a row. (Sharing out the rows of the batch instead, as is usual, would send every
parameter and every gradient from core to core at each step; with batches of 32 that is slower than working alone.)

How a network is cut, and what has to be exchanged, is in `mltrain.backends.numpy.parallel.column_parallel`. What it
buys: compare `mltrain fit configs/mnist.yaml --profile` with the same and `--threads 1`.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from functools import partial
from itertools import chain
from time import perf_counter
from typing import Any

import numpy as np

from mltrain.backends.numpy.parallel.collectives import Exchanges
from mltrain.backends.numpy.parallel.column_parallel import Shards, exchange_after, is_large
from mltrain.backends.numpy.parallel.process_group import ProcessGroup
from mltrain.backends.numpy.train_step import Learner, Run, Step, Task
from mltrain.engine.network import Network, Node
from mltrain.engine.plan import Call
from mltrain.engine.update import AVERAGE, first_vectors
from mltrain.system.threads import blas_is_alone, cores, workers_possible
from mltrain.training.checkpointing import RandomState

MOST_PROCESSES = 4
"""Each reads what all others hand in, so there is no gain in ever more."""

WATCH_SECONDS, MOST_WAITING = 0.5, 0.6
"""Helpers are sent home when the first process has spent more than this share of the time in waiting for them: others
need the cores, and working in lockstep would take many times as long as working alone."""


def processes_for(nodes: Sequence[Node]) -> int:
    """How many processes to train these layers with: 1 where more would not help, or cannot be had.

    NumPy's own threads must be off, or they would fight the helpers for the cores: see `mltrain.system.threads`.
    """
    if not workers_possible() or not blas_is_alone() or not any(map(is_large, nodes)):
        return 1
    return min(cores(), MOST_PROCESSES)


class Sharing:
    """A network shared out among ``processes``, of which this is the first: together they are a `Learner`.

    Without helpers (they are sent home, or were never there), the first process takes the steps of all shards, one
    after the other between any two meetings, so that no result changes.
    """

    def __init__(self, network: Network, task: Task, processes: int):
        self._network, self._group = network, ProcessGroup(processes)
        # What belongs to a shard lies where the first process can read and fill it.
        self._shards = Shards(network, processes, self._group.shared)
        self._parameters = [shard.network.parameters for shard in self._shards.all]
        for own, first in zip(self._parameters, self._shards.parts(network.parameters), strict=True):
            np.copyto(own, first)
        self._vectors = [first_vectors(task.optimizer, own, self._group.shared) for own in self._parameters]
        self._exchanges = Exchanges(self._group)
        self._sum_of_penalties, self._sum_of_squares = self._exchanges.of_numbers(), self._exchanges.of_numbers()
        # The learning rate of each turn, as the first process says: it may hang on what epochs come to.
        self._rates = self._group.shared((2,), np.float64)
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
                more=partial(self._more, rank, task.batch_size),
            )
            for rank, (shard, vectors) in enumerate(zip(self._shards.all, self._vectors, strict=True))
        ]
        self._first = self._learners[0]
        self.rate, self.learning_rate = self._first.rate, self._first.learning_rate
        self.dropout = RandomState(*(learner.rng for learner in self._learners))
        self._work_on(range(processes))

    def start(self, epoch: Callable[[], None]) -> None:
        """Start the helpers, each of which goes through ``epoch`` whenever an epoch begins. Raises `WorkerLost`."""

        def help_out() -> None:  # pragma: no cover  (only for helpers, and forks are not measured)
            self._work_on([self._group.rank])
            epoch()

        self._work_on([0])
        self._group.start(help_out)
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
        self._exchanges.next_turn()
        if not self._group.rank:
            self._rates[self._exchanges.turn] = self.rate()

    def _more(self, rank: int, most_rows: int, call: Call, backward: bool) -> Sequence[Run]:
        """What shards do together after a call."""
        exchange = exchange_after(call, backward=backward)
        if exchange is None:
            return ()
        name = f"{'dx' if backward else 'y'} of {call.label}"
        return self._exchanges.of_array(name, exchange, rank, most_rows)

    def penalize(self) -> float:
        """Add the derivatives of what large parameters cost to the gradients; what they cost, together."""
        return self._sum_of_penalties({rank: learner.penalize() for rank, learner in self._mine})

    def accumulate(self, rows: int, complete: bool) -> None:
        """Take the gradients of one more batch of so many rows; see `Accumulation`."""
        for _, learner in self._mine:
            learner.accumulate(rows, complete)

    def update(self) -> None:
        """Apply the gradients."""
        squared_norm = None
        if self._clips:
            squared_norm = self._sum_of_squares(
                {rank: learner.portion.update.squared_norm() for rank, learner in self._mine}
            )
        rate = float(self._rates[self._exchanges.turn])
        for _, learner in self._mine:
            learner.portion.update(squared_norm, rate)
        if self._group.has_workers and (watched := perf_counter() - self._watched_since) > WATCH_SECONDS:
            if self._group.waited > MOST_WAITING * watched:
                self._go_on_alone()
            self._watched_since, self._group.waited = perf_counter(), 0.0

    def _go_on_alone(self) -> None:
        """Between two steps, send the helpers home and take over all that they know."""
        self._group.wait()
        self._group.terminate()
        for learner in self._learners[1:]:
            learner.portion.update.step = self._first.portion.update.step
            learner.learning_rate.restore(self.learning_rate.state())
        self.dropout.restore(self.dropout.state())
        self._work_on(range(len(self._learners)))

    def begin_epoch(self) -> None:
        """Let the helpers begin, too."""
        self._group.barrier()

    def end_epoch(self) -> None:
        """Bring what all have learned into the network, wherever in an epoch this is."""
        self._group.wait()
        learned = zip(self._parameters, self._vectors, strict=True)
        self._shards.whole((vectors.get(AVERAGE, own) for own, vectors in learned), out=self._network.parameters)

    def state(self) -> dict[str, Any]:
        """What goes from step to step, of all shards together. Only between epochs."""
        names = list(self._vectors[0])
        whole = {name: self._shards.whole(vectors[name] for vectors in self._vectors) for name in names}
        if AVERAGE in whole:  # the network has it now, so that this is the place for what it is the mean of
            whole[AVERAGE] = self._shards.whole(self._parameters)
        return self._first.state() | whole

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a `state`, with the parameters that the network has; before `start`."""
        vectors = {name: self._shards.parts(state[name]) for name in self._vectors[0]}
        parameters = self._shards.parts(self._network.parameters)
        if AVERAGE in vectors:
            parameters, vectors[AVERAGE] = vectors[AVERAGE], parameters
        for rank, learner in enumerate(self._learners):
            np.copyto(self._parameters[rank], parameters[rank])
            learner.restore({**state, **{name: parts[rank] for name, parts in vectors.items()}})

    def close(self) -> None:
        """Send the helpers home."""
        self._group.terminate()
