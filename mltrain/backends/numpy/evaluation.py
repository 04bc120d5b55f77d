"""Evaluation and prediction: the outputs of a network for rows, with loss and metrics."""

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, NamedTuple, TypeVar

import numpy as np
import numpy.typing as npt

from mltrain.backends.base import Evaluation
from mltrain.backends.numpy.metric_accumulator import statistics
from mltrain.backends.numpy.penalty import Penalty
from mltrain.backends.numpy.thread_map import thread_map
from mltrain.data.preprocessing import AS_IS, Preprocessing, Scaling
from mltrain.engine.arrays import Floats, size
from mltrain.engine.class_scores import confusion_matrix
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric, Statistics, merged, predicted_classes, results, true_classes
from mltrain.engine.network import Network
from mltrain.engine.plan import BoundBatch, Plan
from mltrain.system.threads import blas_is_alone, cores
from mltrain.training.targets import target_scaling

T = TypeVar("T")

BLOCK_NUMBERS, THREAD_NUMBERS = 1 << 22, 1 << 21
"""The most numbers in all buffers of a forward pass: 16 MB where NumPy's products use all cores, so that these seldom
wait for each other; 8 MB in each of several threads, so that there are enough blocks for all threads."""

MOST_THREADS = 4
"""More threads would wait for memory bandwidth and for the interpreter lock."""


def block_rows(network: Network) -> int:
    """The most rows of a forward pass outside of training."""
    widths = size(network.input_shape) + sum(size(node.output_shape) for node in network.nodes)
    return max(1, min(8192, (THREAD_NUMBERS if blas_is_alone() else BLOCK_NUMBERS) // widths))


def _blocks(network: Network, rows: int) -> list[slice]:
    """All rows in blocks of about the same length; each of several threads gets the same number of blocks."""
    blocks = -(-rows // block_rows(network))
    if blocks > 1 and blas_is_alone():
        blocks = min(-(-blocks // MOST_THREADS) * MOST_THREADS, rows)
    return [slice(rows * number // blocks, rows * (number + 1) // blocks) for number in range(blocks)]


class _Lane:
    """One thread's buffers for blocks of at most ``rows`` rows."""

    def __init__(self, network: Network, rows: int, *, fused: bool):
        self._x = np.empty((rows, *network.input_shape), np.float32)
        self._y = np.empty((rows, *network.output_shape), np.float32)
        self._plan = Plan(network, rows, fused=fused)
        self._passes: dict[int, BoundBatch] = {}

    def run(self, x: npt.NDArray[Any], inputs: Scaling) -> BoundBatch:
        """The forward pass of a block of rows."""
        rows = len(x)
        if rows not in self._passes:
            self._passes[rows] = self._plan.bind(self._x[:rows], self._y[:rows])
        bound = self._passes[rows]
        inputs.apply(x, self._x[:rows])
        for call in bound.forward:
            call.run()
        return bound


class _Forward:
    """Runs the forward pass on the same rows in blocks, any number of times; buffers are allocated once.

    If NumPy's matrix products use a single core, blocks are distributed over one thread per core. The results do not
    depend on the number of threads.
    """

    def __init__(self, network: Network, x: npt.NDArray[Any], inputs: Scaling, *, fused: bool = False):
        self._x, self._inputs, self._blocks = x, inputs, _blocks(network, len(x))
        threads = max(1, min(cores(), MOST_THREADS, len(self._blocks))) if blas_is_alone() else 1
        longest = max((block.stop - block.start for block in self._blocks), default=0)
        self._lanes = [_Lane(network, longest, fused=fused) for _ in range(threads)]

    def __call__(self, look: Callable[[slice, BoundBatch], T]) -> list[T]:
        """Run all blocks and call ``look`` with the rows and the pass of each; its results, in order."""

        def take(lane: _Lane, block: slice) -> T:
            # exp may overflow on the way to a correct 0; a NaN is visible in the loss.
            with np.errstate(all="ignore"):
                return look(block, lane.run(self._x[block], self._inputs))

        return thread_map(self._blocks, [partial(take, lane) for lane in self._lanes])


class _Found(NamedTuple):
    """The results of an evaluator for one block, summed over its rows."""

    loss: float
    statistics: list[Statistics]
    confusion: npt.NDArray[np.int64]


class Evaluator:
    """Evaluates one network on the same rows, any number of times; ``classes``, if not 0, adds the confusion matrix.

    The loss is computed on scaled targets and includes the regularizers' penalty; metrics are computed in the units of
    the dataset.
    """

    def __init__(
        self,
        network: Network,
        x: npt.NDArray[Any],
        target: npt.NDArray[Any],
        *,
        loss: Loss,
        metrics: Sequence[Metric] = (),
        preprocessing: Preprocessing = AS_IS,
        classes: int = 0,
    ):
        self.statistics: list[Statistics] = []
        self._loss, self._metrics, self._classes, self._target = loss, metrics, classes, target
        self._scaled_back = target_scaling(loss, preprocessing).undone
        self._forward = _Forward(network, x, preprocessing.inputs, fused=loss.fused_activation is not None)
        self._penalty = Penalty(network)

    def __call__(self) -> Evaluation:
        """Loss and metrics with the network's current parameters."""
        blocks = self._forward(self._look)
        self.statistics = merged(self._metrics, [block.statistics for block in blocks])
        return Evaluation(
            sum(block.loss for block in blocks) / len(self._target) + self._penalty(),
            results(self._metrics, [self.statistics] if blocks else []),
            np.sum([block.confusion for block in blocks], axis=0) if self._classes else None,
        )

    def _look(self, block: slice, bound: BoundBatch) -> _Found:
        target, threshold, classes = self._target[block], self._loss.threshold, self._classes
        loss = len(target) * self._loss.mean(bound.z, bound.y, target, np.empty_like(bound.z))
        found = statistics(self._metrics, self._scaled_back(bound.y), self._scaled_back(target), threshold)
        if not classes:
            return _Found(loss, found, np.zeros((0, 0), np.int64))
        return _Found(
            loss,
            found,
            confusion_matrix(true_classes(target).ravel(), predicted_classes(bound.y, threshold).ravel(), classes),
        )


def predict(network: Network, x: npt.NDArray[Any], inputs: Scaling = AS_IS.inputs) -> Floats:
    """The network's outputs, ``(rows, *output_shape)``, float32, for rows ``x``, which are preprocessed here."""
    outputs = np.empty((len(x), *network.output_shape), np.float32)

    def keep(block: slice, bound: BoundBatch) -> None:
        outputs[block] = bound.y

    _Forward(network, x, inputs)(keep)
    return outputs


class OneRowPredictor:
    """As `predict` for a single row, whose time would go into buffers and not into the network.

    Buffers are allocated once for each of the threads that call at the same time.
    """

    def __init__(self, network: Network, inputs: Scaling):
        self._network, self._inputs = network, inputs
        self._idle: list[_Lane] = []

    def __call__(self, x: npt.NDArray[Any]) -> Floats:
        try:
            lane = self._idle.pop()
        except IndexError:
            lane = _Lane(self._network, 1, fused=False)
        with np.errstate(all="ignore"):
            y = lane.run(x, self._inputs).y.copy()
        self._idle.append(lane)
        return y
