"""What people read besides the loss. One file is one metric; see `Metric`."""

from typing import Any, ClassVar, Literal

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.spec import Family, Spec

Statistics = npt.NDArray[np.float64]


class Metric(Spec):
    """A metric's description and formula.

    Rows come in blocks: `statistics` boils a block down to a few numbers, `merge` adds two blocks', and `result` makes
    the metric of them. So no metric ever needs all predictions at once.

    ``task`` says what it makes sense for: "numbers" or "classes". ``goal`` says which of two values is.
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


VALIDATION_PREFIX = "val_"
"""What stands before the name of a number that is measured on the rows held back for validation."""


def on_validation(name: str) -> str:
    """The name of a number where it is measured on the rows held back for validation."""
    return VALIDATION_PREFIX + name


def reported_name(name: str) -> str:
    """The name under which an epoch reports a number: a metric may be asked for by a short name."""
    prefix = VALIDATION_PREFIX if name.startswith(VALIDATION_PREFIX) else ""
    metric = Metric.family.find(name.removeprefix(prefix))
    return prefix + metric.type_name() if metric else name


def larger_is_better(name: str) -> bool:
    """Whether more is better of what an epoch reports as ``name``: ``loss``, ``val_loss``, ``accuracy`` and so on."""
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
