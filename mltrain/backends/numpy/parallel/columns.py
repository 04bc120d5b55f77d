"""The strategy ``columns``: each process has some columns of the large kernels (tensor parallelism).

    every process    window ── forward ──┬── forward, loss ── backward ── update      its own shard, its own state
                                     exchange

All take the same rows. So a kernel, its gradient and its optimizer state stay in the cache of one processor core, and
little is exchanged: in the lesson of MNIST, ten numbers a row. (Dividing the rows of such a batch instead would send
every parameter and every gradient from core to core at each step; with batches of 32 that is slower than working
alone.)

The division of a network and the exchanges are in `mltrain.backends.numpy.parallel.column_parallel`. To measure the
speed-up, compare `mltrain fit configs/mnist.yaml --profile` with the same and `--threads 1`.
"""

from collections.abc import Sequence
from functools import partial
from itertools import chain

import numpy as np

from mltrain.backends.base import State, TrainingTask
from mltrain.backends.numpy.parallel.column_parallel import Shards, exchange_after
from mltrain.backends.numpy.parallel.lockstep import Lockstep
from mltrain.backends.numpy.train_step import BatchStep, Run, TrainStep
from mltrain.backends.numpy.update import AVERAGE, first_vectors
from mltrain.backends.numpy.window import Batch
from mltrain.backends.profiler import Timed
from mltrain.engine.plan import Call


class ColumnParallel(Lockstep):
    """A network cut up among ``processes``."""

    def __init__(self, task: TrainingTask, batches: Sequence[Batch], timed: Timed, processes: int):
        super().__init__(task, processes)
        self._network = task.network
        # The arrays of a shard are in shared memory, so that the first process can read and fill them.
        self._shards = Shards(task.network, processes, self._group.shared)
        self._parameters = [shard.network.parameters for shard in self._shards.all]
        for own, first in zip(self._parameters, self._shards.parts(task.network.parameters), strict=True):
            np.copyto(own, first)
        self._vectors = [first_vectors(task.optimizer, own, self._group.shared) for own in self._parameters]
        self._take(
            [
                TrainStep(
                    shard.network,
                    task,
                    # The outputs that the window holds for metrics are those of the first process.
                    [batch._replace(y=np.empty_like(batch.y)) for batch in batches] if rank else batches,
                    timed,
                    vectors=vectors,
                    owned=shard.owned,
                    more=partial(self._more, rank, task.batch_size),
                )
                for rank, (shard, vectors) in enumerate(zip(self._shards.all, self._vectors, strict=True))
            ]
        )

    def _together(self, number: int, steps: Sequence[BatchStep]) -> BatchStep:
        """The calls of all ranks, interleaved: each call of all ranks before the next call of any."""

        def loss() -> float:
            first, *_ = [step.loss() for step in steps]
            return first

        return BatchStep(
            [self._begin_step, *chain.from_iterable(zip(*(step.forward for step in steps), strict=True))],
            loss,
            list(chain.from_iterable(zip(*(step.backward for step in steps), strict=True))),
            steps[0].rows,
        )

    def _more(self, rank: int, most_rows: int, call: Call, backward: bool) -> Sequence[Run]:
        """The collective operation of the shards after a call."""
        exchange = exchange_after(call, backward=backward)
        if exchange is None:
            return ()
        name = f"{'dx' if backward else 'y'} of {call.label}"
        return self._exchanges.of_array(name, exchange, rank, most_rows)

    def end_epoch(self) -> None:
        self._group.wait()
        network, average = self._network, [vectors.get(AVERAGE) for vectors in self._vectors]
        self._shards.whole(self._parameters, out=network.parameters)
        if (means := [vector for vector in average if vector is not None]) and network.trainable:
            mean = self._shards.whole(means)
            for part in network.trainable:
                network.parameters[part] = mean[part]

    def state(self) -> State:
        """The state of all shards together. Only valid between epochs."""
        names = list(self._vectors[0])
        whole = {name: self._shards.whole(vectors[name] for vectors in self._vectors) for name in names}
        if AVERAGE in whole:  # the network has the running mean, so the parameters themselves are stored here
            whole[AVERAGE] = self._shards.whole(self._parameters)
        return {**self._first.state(), **whole}

    def restore(self, state: State) -> None:
        """Restore a `state`, with the network's current parameters; called before `start`."""
        vectors = {name: self._shards.parts(state[name]) for name in self._vectors[0]}
        parameters = self._shards.parts(self._network.parameters)
        if AVERAGE in vectors:
            parameters, vectors[AVERAGE] = vectors[AVERAGE], parameters
        for rank, step in enumerate(self._ranks):
            np.copyto(self._parameters[rank], parameters[rank])
            step.restore({**state, **{name: parts[rank] for name, parts in vectors.items()}})
