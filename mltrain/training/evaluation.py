"""What a network makes of rows that it does not learn from: its outputs, and how good they are."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.data.preprocessing import AS_IS, Preprocessing, Scaling
from mltrain.engine.arrays import Floats, size
from mltrain.engine.losses import Loss
from mltrain.engine.metrics import Metric, Statistics, predicted_classes, true_classes
from mltrain.engine.network import Network
from mltrain.engine.penalty import Penalty
from mltrain.engine.plan import Pass, Plan
from mltrain.training.batches import Window
from mltrain.training.targets import target_scaling

BLOCK_NUMBERS = 1 << 22
"""Numbers that all buffers of a forward pass may hold together: 16 MB, at which matrix products are at full speed, and
so few that the cores seldom wait for each other."""


TALLY_NUMBERS = 1 << 15
"""Outputs that metrics look at together: a call of NumPy takes as long for the few of a batch as for hundreds."""


class Tally:
    """Metrics summed up over blocks of rows. Small blocks are kept until they are worth a look."""

    def __init__(self, metrics: Sequence[Metric], threshold: float):
        self._metrics, self._threshold = metrics, threshold
        self._sums: list[Statistics] | None = None
        self._kept: tuple[Floats, npt.NDArray[Any]] | None = None
        self._rows = 0

    def add(self, y: Floats, target: npt.NDArray[Any]) -> None:
        """Take a block of outputs ``(rows, outputs)`` and its targets into account."""
        if self._kept is None:
            most = TALLY_NUMBERS // y.shape[1]
            self._kept = np.empty((most, *y.shape[1:]), y.dtype), np.empty((most, *target.shape[1:]), target.dtype)
        kept_y, kept_target = self._kept
        if self._rows + len(y) > len(kept_y):
            self._look_at_kept()
        if len(y) > len(kept_y):
            self._look_at(y, target)
            return
        rows = slice(self._rows, self._rows + len(y))
        kept_y[rows], kept_target[rows] = y, target
        self._rows = rows.stop

    def _look_at_kept(self) -> None:
        if self._kept and self._rows:
            y, target = self._kept
            self._look_at(y[: self._rows], target[: self._rows])
        self._rows = 0

    def _look_at(self, y: Floats, target: npt.NDArray[Any]) -> None:
        found = [metric.statistics(y, target, self._threshold) for metric in self._metrics]
        if self._sums is None:
            self._sums = found
        else:
            together = zip(self._metrics, self._sums, found, strict=True)
            self._sums = [metric.merge(one, other) for metric, one, other in together]

    def results(self) -> dict[str, float]:
        """Each metric's value, by its name."""
        self._look_at_kept()
        pairs = zip(self._metrics, self._sums or [], strict=True)
        return {metric.type_name(): metric.result(statistics) for metric, statistics in pairs}


@dataclass(frozen=True)
class Evaluation:
    """How good a network's outputs are on some rows.

    ``confusion[true, predicted]`` counts rows, where classes were asked for.
    """

    loss: float
    metrics: dict[str, float]
    confusion: npt.NDArray[np.int64] | None = None


def block_rows(network: Network) -> int:
    """How many rows to take through a network at once, outside of training."""
    widths = size(network.input_shape) + sum(size(node.output_shape) for node in network.nodes)
    return max(1, min(8192, BLOCK_NUMBERS // widths))


class _Forward:
    """Takes the same rows through a network, a block at a time, as often as asked; everything is allocated once."""

    def __init__(
        self, network: Network, x: npt.NDArray[Any], target: npt.NDArray[Any], inputs: Scaling, *, joined: bool = False
    ):
        self._order = np.arange(len(x))
        block = min(len(x), block_rows(network))
        whole, short = divmod(len(x), block)
        self._window = Window(
            x, target, size(network.output_shape), inputs, batch_size=block, whole=whole, short=short or None
        )
        plan = Plan(network, block, joined=joined)
        self._passes = [(plan.bind(batch.x, batch.y), batch.target) for batch in self._window.batches]

    def __iter__(self) -> Iterator[tuple[Pass, npt.NDArray[Any]]]:
        """Each block's pass, after it was run, with its targets."""
        for _, batches in self._window.fill(self._order):
            for number in batches:
                bound, target = self._passes[number]
                # exp may overflow on the way to a correct 0; a result that is not a number shows in the loss.
                with np.errstate(all="ignore"):
                    for call in bound.forward:
                        call.run()
                yield bound, target


class Evaluator:
    """Measures one network on the same rows as often as asked. ``classes``, if not 0, asks for the confusion matrix.

    The loss compares numbers as the network sees them, and includes what regularizers add; metrics compare them as
    people do, scaled back.
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
        self._loss, self._metrics, self._classes, self._count = loss, metrics, classes, len(x)
        self._scaled_back = target_scaling(loss, preprocessing).undone
        self._forward = _Forward(network, x, target, preprocessing.inputs, joined=loss.joins is not None)
        self._penalty = Penalty(network)

    def __call__(self) -> Evaluation:
        """Loss and metrics with the network's parameters as they are now."""
        loss, tally, total = self._loss, Tally(self._metrics, self._loss.threshold), 0.0
        confusion = np.zeros((self._classes, self._classes), np.int64)
        for bound, target in self._forward:
            with np.errstate(all="ignore"):
                total += len(target) * loss.mean(bound.z, bound.y, target, np.empty_like(bound.z))
                tally.add(self._scaled_back(bound.y), self._scaled_back(target))
            if self._classes:
                np.add.at(confusion, (true_classes(target), predicted_classes(bound.y, loss.threshold)), 1)
        return Evaluation(total / self._count + self._penalty(), tally.results(), confusion if self._classes else None)


def predict(network: Network, x: npt.NDArray[Any], inputs: Scaling = AS_IS.inputs) -> Floats:
    """What the network itself gives, ``(rows, *output_shape)``, float32, for rows ``x`` that are scaled for it here."""
    if not len(x):
        return np.empty((0, *network.output_shape), np.float32)
    blocks = [bound.y.copy() for bound, _ in _Forward(network, x, np.empty((len(x), 0), np.float32), inputs)]
    return np.concatenate(blocks).reshape(len(x), *network.output_shape)
