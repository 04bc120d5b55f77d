"""The strategy ``rows``: each process takes some rows of every batch (data parallelism).

    every process    forward, loss, backward     of its own rows, into a gradient vector of its own
                     ─────────── barrier ───────────
                     own slice: gradients of all summed, optimizer, parameters written (reduce-scatter, ZeRO-1)
                     ─────────── barrier ───────────
                     forward of the next batch   with the parameters that all have written (all-gather)

Parameters, gradients and the optimizer's vectors lie in shared memory, so that to scatter and to gather is to read what
others have written. Each process updates a slice of the parameters, with the slice of the optimizer's vectors that
belongs to it (Rajbhandari et al. 2020, https://arxiv.org/abs/1910.02054).

The result is that of the whole batch, up to rounding: loss and gradients are divided by the rows of the whole batch,
layers add up batch statistics over all processes (`Buffers.all_reduce`), and random numbers are drawn for all rows. A
batch with fewer rows than processes is computed by each of them, and only the first one's gradients count.
"""

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import chain, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.backends.base import State, TrainingTask
from mltrain.backends.numpy.parallel.collectives import AllReduce
from mltrain.backends.numpy.parallel.lockstep import Lockstep
from mltrain.backends.numpy.parallel.rank_threads import RankThreads
from mltrain.backends.numpy.train_step import BatchStep, Run, TrainStep
from mltrain.backends.numpy.update import AVERAGE, first_vectors
from mltrain.backends.numpy.window import Batch
from mltrain.backends.profiler import Timed
from mltrain.engine.arrays import Floats
from mltrain.engine.layers.base import WHOLE, BatchShare
from mltrain.engine.network import Network


class DataParallel(Lockstep):
    """A network whose batches are divided among ``processes``."""

    def __init__(self, task: TrainingTask, batches: Sequence[Batch], timed: Timed, processes: int):
        super().__init__(task, processes)
        network, shared = task.network, self._group.shared
        self._network, self._window, self._processes = network, batches, processes
        self._parameters: Floats = shared(network.parameters.shape, network.parameters.dtype)
        np.copyto(self._parameters, network.parameters)
        self._vectors = first_vectors(task.optimizer, self._parameters, shared)
        self._gradients: Floats = shared((processes, network.parameters.size), network.parameters.dtype)
        self._slices = shares(network.trainable, processes)
        # Outputs of the other ranks for the metrics, which the first process computes.
        self._outputs: Floats = shared((task.batch_size, *network.output_shape), np.float32)
        self._sum_of_losses = self._exchanges.of_numbers()
        numbers = max(
            (layer.all_reduce_size(node.input_shape) for node in network.nodes for layer in node.layer.stages()),
            default=0,
        )
        self._all_reduce = AllReduce(self._group, numbers, network.parameters.dtype)
        self._threads = RankThreads(processes) if numbers else None
        self._take(
            [
                TrainStep(
                    self._replica(),
                    task,
                    [self._share(rank, batch) for batch in batches],
                    timed,
                    gradients=self._gradients[rank],
                    parts=self._slices[rank],
                    vectors=self._vectors,
                )
                for rank in range(processes)
            ]
        )

    def _replica(self) -> Network:
        """The network with the shared parameters, and running statistics of its own: every rank computes the same."""
        network = self._network
        replica = Network(
            (),
            network.inputs,
            nodes=network.nodes,
            dtype=network.parameters.dtype,
            zeros=lambda *_: self._parameters,
        )
        for name in _statistics(network):
            replica.arrays[name] = replica.arrays[name].copy()
        return replica

    def _share(self, rank: int, batch: Batch) -> Batch:
        """The rows of a batch for a rank."""
        own = self._own_rows(rank, batch)
        y = batch.y if not rank else self._outputs if self._is_divided(batch) else np.empty_like(batch.y)
        share = BatchShare(own.start, len(batch.y), self._all_reduce.of(rank)) if self._is_divided(batch) else WHOLE
        return Batch(_rows(batch.x, own), batch.target[own], y[own], share)

    def _is_divided(self, batch: Batch) -> bool:
        return len(batch.y) >= self._processes

    def _own_rows(self, rank: int, batch: Batch) -> slice:
        rows = len(batch.y)
        if not self._is_divided(batch):
            return slice(0, rows)
        return slice(rank * rows // self._processes, (rank + 1) * rows // self._processes)

    def _work_on(self, ranks: Sequence[int]) -> None:
        together = self._threads is not None and len(ranks) > 1
        self._all_reduce.barrier = self._threads.wait if self._threads and together else self._group.barrier
        super()._work_on(ranks)

    def _together(self, number: int, steps: Sequence[BatchStep]) -> BatchStep:
        batch, ranks = self._window[number], [rank for rank, _ in self._mine]
        divided = self._is_divided(batch)
        others = slice(self._own_rows(0, batch).stop, len(batch.y))

        def loss() -> float:
            losses = zip(ranks, [step.loss() for step in steps], strict=True)
            total = self._sum_of_losses({rank: loss if divided or not rank else 0.0 for rank, loss in losses})
            if not ranks[0]:
                np.copyto(batch.y[others], self._outputs[others])
            return total

        backward = self._calls([step.backward for step in steps])
        if not divided:
            backward += [partial(self._gradients[rank].fill, 0) for rank in ranks if rank]
        forward = self._calls([step.forward for step in steps])
        return BatchStep([self._begin_step, *forward], loss, backward, len(batch.y))

    def _calls(self, ranks: Sequence[list[Run]]) -> list[Run]:
        """The calls of all ranks of this process: one rank after the other, unless layers wait for other ranks."""
        if len(ranks) > 1 and self._threads is not None:
            return [partial(self._threads.run, ranks)]
        return list(chain.from_iterable(ranks))

    def _begin_step(self) -> None:
        super()._begin_step()
        self._group.barrier()  # all slices of the parameters are written

    def update(self) -> None:
        self._group.barrier()  # all gradients are written
        for rank, _ in self._mine:
            for part in self._slices[rank]:
                own = self._gradients[rank, part]
                for other in range(self._processes):
                    if other != rank:
                        np.add(own, self._gradients[other, part], out=own)
        super().update()

    def _go_on_alone(self) -> None:
        super()._go_on_alone()
        self._all_reduce.begin_again()
        for step in self._ranks[1:]:
            self._copy_statistics(self._first.network, step.network)

    def end_epoch(self) -> None:
        self._group.wait()
        np.copyto(self._network.parameters, self._parameters)
        if AVERAGE in self._vectors:
            for part in self._network.trainable:
                self._network.parameters[part] = self._vectors[AVERAGE][part]
        self._copy_statistics(self._first.network, self._network)

    def state(self) -> State:
        """The state. Only valid between epochs."""
        # If the network has the running mean, the parameters themselves are stored here.
        swapped = {AVERAGE: self._parameters} if AVERAGE in self._vectors else {}
        return {**self._first.state(), **swapped}

    def restore(self, state: State) -> None:
        """Restore a `state`, with the network's current parameters; called before `start`."""
        np.copyto(self._parameters, self._network.parameters)
        vectors: dict[str, Any] = dict(state)
        if AVERAGE in self._vectors:
            for part in self._network.trainable:
                self._parameters[part] = state[AVERAGE][part]
            vectors[AVERAGE] = self._network.parameters
        for step in self._ranks:
            step.restore(vectors)
            self._copy_statistics(self._network, step.network)

    def close(self) -> None:
        super().close()
        if self._threads is not None:
            self._threads.close()

    def _copy_statistics(self, source: Network, target: Network) -> None:
        for name in _statistics(self._network):
            np.copyto(target.arrays[name], source.arrays[name])


def _statistics(network: Network) -> list[str]:
    """The names of the arrays that training's forward passes update."""
    return [
        f"{node.name}.{name}"
        for node in network.nodes
        for name, parameter in node.parameters.items()
        if parameter.updated
    ]


def _rows(x: npt.NDArray[Any] | Mapping[str, npt.NDArray[Any]], own: slice) -> Any:
    """Some rows of an input, or of each of several."""
    return {name: array[own] for name, array in x.items()} if isinstance(x, Mapping) else x[own]


def shares(parts: Sequence[slice], count: int) -> list[list[slice]]:
    """The parts of a flat vector, divided into ``count`` shares of about the same size."""
    total = sum(part.stop - part.start for part in parts)
    found = []
    for low, high in pairwise(total * number // count for number in range(count + 1)):
        own, before = [], 0
        for part in parts:
            shift, before = part.start - before, before + part.stop - part.start
            piece = slice(max(part.start, low + shift), min(part.stop, high + shift))
            own += [piece] if piece.start < piece.stop else []
        found.append(own)
    return found
