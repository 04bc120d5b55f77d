"""The weight of each class in the loss, for imbalanced classes."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.engine.arrays import Floats
from mltrain.engine.metrics.base import true_classes
from mltrain.errors import ConfigError, Problem
from mltrain.names.nearest import did_you_mean, some
from mltrain.training.options import Training


def class_weights(training: Training, classes: Sequence[str] | None, target: npt.NDArray[Any]) -> Floats | None:
    """The weight of each class, ``(classes,)``; None where all rows count the same. ``target`` is as the loss takes it.

    balanced: ``rows / (classes * rows of the class)``, so that every class counts as much as any other and the mean
    over all rows is 1, as in scikit-learn (``class_weight="balanced"``). Raises `ConfigError`.
    """
    wanted = training.class_weight
    if wanted is None:
        return None
    option = ("training", "class_weight")
    if classes is None:
        raise ConfigError([Problem(option, "there are no classes to weigh: the network learns numbers")])
    if not isinstance(wanted, dict):
        counts = np.bincount(true_classes(target).ravel(), minlength=len(classes))
        return (counts.sum() / (len(classes) * np.maximum(counts, 1))).astype(np.float32)
    if unknown := [name for name in wanted if name not in classes]:
        there = f"; there are {some(classes)}"
        raise ConfigError(
            [
                Problem((*option, name), f"there is no class '{name}'{did_you_mean(name, classes, there)}")
                for name in unknown
            ]
        )
    class_weights = np.array([wanted.get(name, 1.0) for name in classes], np.float32)
    if not class_weights[true_classes(target)].any():
        raise ConfigError([Problem(option, "every row to train on counts 0, so there is nothing to learn from")])
    return class_weights
