"""Which strategy trains a network, and with how many processes."""

from collections.abc import Callable, Sequence

from mltrain.backends.base import Parallelism, TrainingTask
from mltrain.backends.numpy.parallel.column_parallel import is_large
from mltrain.backends.numpy.parallel.strategy import Strategy
from mltrain.backends.numpy.train_step import TrainStep
from mltrain.backends.numpy.window import Batch
from mltrain.backends.profiler import Timed
from mltrain.engine.network import Node
from mltrain.system.threads import blas_is_alone, cores, workers_possible

MOST_PROCESSES = 4
"""Each reads what all others hand in, so there is no gain in ever more."""


def most_processes() -> int:
    """How many processes can train together here: 1 where NumPy's own threads would fight them for the cores."""
    return min(cores(), MOST_PROCESSES) if workers_possible() and blas_is_alone() else 1


def choose(nodes: Sequence[Node], batch_size: int) -> Parallelism:
    """The parallelism that is probably the fastest for these layers and batches on this machine."""
    processes = most_processes()
    if processes > 1 and any(map(is_large, nodes)):
        return Parallelism("columns", processes)
    return Parallelism()


def strategy_of(
    parallelism: Parallelism,
) -> Callable[[TrainingTask, Sequence[Batch], Timed], Strategy]:
    """What makes the strategy for a task and the batches of its window."""
    if parallelism.strategy == "columns":
        from mltrain.backends.numpy.parallel.columns import ColumnParallel

        return lambda task, batches, timed: ColumnParallel(task, batches, timed, parallelism.processes)
    return TrainStep
