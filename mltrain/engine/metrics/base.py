"""The contract of metrics. Each file is one metric; see `Metric`."""

from collections.abc import Sequence
from functools import reduce
from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.spec import Family, Spec

Statistics = npt.NDArray[np.float64]


class Metric(Spec):
    """A metric's description and formula.

    Rows come in blocks: `statistics` reduces a block to a few numbers, `merge` adds those of two blocks, and `result`
    computes the metric from them. So no metric needs all predictions at once.

    ``task`` is the kind of target that the metric is defined for: "numbers" or "classes". ``goal`` says which of two
    values is better.
    """

    family: ClassVar[Family] = Family("metric", __package__)
    task: ClassVar[Literal["numbers", "classes"]]
    goal: ClassVar[Literal["higher", "lower"]] = "higher"

    def statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        """The sums of one block: ``y`` is ``(rows, outputs)``, ``target`` as the loss takes it.

        ``threshold`` is the output above which a single-output classifier says 1.
        """
        raise NotImplementedError

    def merge(self, one: Statistics, other: Statistics) -> Statistics:
        return one + other

    def result(self, statistics: Statistics) -> float:
        raise NotImplementedError

    def row_statistics(self, y: Floats, target: npt.NDArray[Any], threshold: float) -> Statistics:
        """Numbers of each row alone, ``(rows, ...)``, for resampling: see `from_sums`.

        By default the `statistics` of blocks of one row each, which is right where `merge` adds, and slow.
        """
        rows = range(len(y))
        return np.stack([self.statistics(y[row : row + 1], target[row : row + 1], threshold) for row in rows])

    def from_sums(self, sums: Statistics) -> Statistics:
        """The statistics of any rows, of which some may be there several times, from the sum of their numbers."""
        return sums


def results(metrics: Sequence[Metric], blocks: Sequence[Sequence[Statistics]]) -> dict[str, float]:
    """The values of metrics, by name, from the ``statistics`` of all blocks."""
    sums = zip(metrics, merged(metrics, blocks), strict=True) if blocks else ()
    return {metric.type_name(): metric.result(one) for metric, one in sums}


def merged(metrics: Sequence[Metric], blocks: Sequence[Sequence[Statistics]]) -> list[Statistics]:
    """The sums of all blocks together, by metric; of no blocks there are none."""
    if not blocks:
        return []
    return [reduce(metric.merge, sums) for metric, sums in zip(metrics, zip(*blocks, strict=True), strict=True)]


VALIDATION_PREFIX = "val_"
"""The prefix of the names of numbers measured on the validation rows."""


def on_validation(name: str) -> str:
    """The name of a number measured on the validation rows."""
    return VALIDATION_PREFIX + name


HELD_OUT_PREFIX = "fold_"
"""The prefix of the names of numbers measured on the rows that a fold of a cross-validation held out."""


def on_held_out(name: str) -> str:
    """The name of a number measured on the rows that a fold held out."""
    return HELD_OUT_PREFIX + name


def reported_name(name: str) -> str:
    """The full name of a number in epoch reports, for a full or short name of a metric."""
    prefix = VALIDATION_PREFIX if name.startswith(VALIDATION_PREFIX) else ""
    metric = Metric.family.find(name.removeprefix(prefix))
    return prefix + metric.type_name() if metric else name


def larger_is_better(name: str) -> bool:
    """Whether higher is better for the reported number ``name``: ``loss``, ``val_loss``, ``accuracy`` and so on."""
    found = Metric.family.find(name.removeprefix(VALIDATION_PREFIX))
    return found is not None and issubclass(found, Metric) and found.goal == "higher"


def predicted_classes(y: Floats, threshold: float) -> npt.NDArray[np.intp]:
    """Class number of each row of outputs: the largest of several, or whether a single one is above the threshold."""
    return np.argmax(y, axis=-1) if y.shape[-1] > 1 else (y[..., 0] > threshold).astype(np.intp)


def true_classes(target: npt.NDArray[Any]) -> npt.NDArray[np.intp]:
    """Class number of each row (or position) of targets: integers themselves, one-hot rows, or a column of 0 and 1."""
    if target.ndim == 1 or target.dtype.kind in "iu":
        return target.astype(np.intp)
    return np.argmax(target, axis=-1) if target.shape[-1] > 1 else (target[..., 0] > 0.5).astype(np.intp)
