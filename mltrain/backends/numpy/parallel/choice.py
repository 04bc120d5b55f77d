"""Chooses the strategy for training a network, and the number of processes.

Each strategy divides some of a step's multiplications among the processes, and makes them exchange some bytes:

    single     divides nothing, exchanges nothing
    columns    divides the large dense kernels; exchanges the values between them, for each row of the batch
    rows       divides everything; exchanges every gradient and every parameter, once a step

The strategy with the lowest estimated time is chosen. Networks with only dense layers are an exception, decided by
measurements: dense layers multiply each parameter with a row only once, so `rows` exchanges too much for its work, and
`columns` is faster from kernels of `LARGE_KERNEL` numbers on.
"""

from collections.abc import Sequence
from typing import NamedTuple

from mltrain.backends.base import MOST_PROCESSES, SINGLE, Parallelism, StrategyName, TrainingTask
from mltrain.backends.numpy.parallel.strategy import Strategy
from mltrain.backends.numpy.train_step import TrainStep
from mltrain.backends.numpy.window import Batch
from mltrain.backends.profiler import Timed
from mltrain.engine.arrays import size
from mltrain.engine.graph import Node, is_chain
from mltrain.engine.layers.dense import Dense
from mltrain.errors import DataError
from mltrain.system.threads import blas_is_alone, cores, workers_possible

LARGE_KERNEL = 50_000
"""The least size of a kernel to divide: for a smaller one, a step takes less time than a barrier."""

MULTIPLICATIONS_A_SECOND, BYTES_A_SECOND = 15e9, 5e9
"""Approximate rates of one core's multiplications and of exchange between processes (processors of 2020 to 2026)."""

LOCKSTEP_SECONDS = 2e-4
"""Seconds that a step of several processes loses at barriers and in waiting for the slowest process."""

PASSES = 3
"""A layer multiplies once forward and twice backward: for the gradient of its input, and of its parameters."""


class _Cost(NamedTuple):
    """The multiplications of a process for one row, the bytes it exchanges in a step, and whether there are others."""

    strategy: StrategyName
    multiplications: float
    exchanged: float
    processes: int

    def seconds(self, batch_size: int) -> float:
        """The approximate time of a step."""
        work = PASSES * self.multiplications * batch_size / MULTIPLICATIONS_A_SECOND
        return work + self.exchanged / BYTES_A_SECOND + LOCKSTEP_SECONDS * (self.processes > 1)


def most_processes() -> int:
    """The most processes for one training here: 1 if NumPy's own threads would compete with them for cores."""
    return min(cores(), MOST_PROCESSES) if workers_possible() and blas_is_alone() else 1


def choose(nodes: Sequence[Node], batch_size: int, gradient_accumulation: int = 1) -> Parallelism:
    """The parallelism that is probably the fastest for these layers and batches on this machine."""
    processes = most_processes()
    if processes == 1:
        return SINGLE
    work = {node.name: node.layer.multiplications(node.input_shape) for node in nodes}
    large = [node for node in nodes if is_large(node)] if is_chain(nodes) else []
    if all(isinstance(node.layer, Dense) for node in nodes if work[node.name]):
        return Parallelism("columns", processes) if large else SINGLE
    total = sum(work.values())
    costs = [_Cost("single", total, 0, 1)]
    if large:
        divided = sum(work[node.name] for node in large)
        between = 4 * batch_size * sum(size(node.input_shape) + size(node.output_shape) for node in large)
        costs.append(_Cost("columns", total - divided + divided / processes, between, processes))
    if batch_size >= processes:
        gradients = 2 * 4 * sum(node.trainable_count for node in nodes) / gradient_accumulation
        costs.append(_Cost("rows", total / processes, gradients, processes))
    best = min(costs, key=lambda cost: cost.seconds(batch_size))
    return Parallelism(best.strategy, best.processes)


def is_large(node: Node) -> bool:
    """Whether dividing a layer's kernel is faster."""
    return isinstance(node.layer, Dense) and node.input_shape[0] * node.layer.units >= LARGE_KERNEL


def strategy_of(parallelism: Parallelism, task: TrainingTask, batches: Sequence[Batch], timed: Timed) -> Strategy:
    """The strategy object for a task and the batches of its window. Raises `DataError`."""
    if parallelism.strategy == "columns":
        from mltrain.backends.numpy.parallel.columns import ColumnParallel

        if not is_chain(task.network.nodes):
            raise DataError("columns cannot divide a network with branches: what says so, a checkpoint, is damaged")
        return ColumnParallel(task, batches, timed, parallelism.processes)
    if parallelism.strategy == "rows":
        from mltrain.backends.numpy.parallel.data_parallel import DataParallel

        return DataParallel(task, batches, timed, parallelism.processes)
    return TrainStep(task.network, task, batches, timed)
