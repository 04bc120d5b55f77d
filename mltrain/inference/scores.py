"""The loss and the metrics of outputs that were computed before, such as the mean of several networks."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.backends.base import Evaluation
from mltrain.data.preprocessing import Preprocessing
from mltrain.engine.arrays import Floats
from mltrain.engine.class_scores import confusion_matrix
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric, predicted_classes, true_classes
from mltrain.training.targets import target_scaling

_LARGEST_LOGIT = 88.0
"""exp of more is no float32."""


def score(
    y: Floats,
    target: npt.NDArray[Any],
    *,
    loss: Loss,
    metrics: Sequence[Metric],
    preprocessing: Preprocessing,
    classes: int = 0,
) -> Evaluation:
    """Evaluate outputs ``(rows, *output_shape)`` in the units of the dataset; ``target`` has the form of the loss.

    The loss is computed on scaled targets, without the penalty of regularizers. ``classes``, if not 0, adds the
    confusion matrix.
    """
    scaling = target_scaling(loss, preprocessing)
    flat_y, flat_target = y.reshape(-1, y.shape[-1]), target.reshape(-1, *target.shape[y.ndim - 1 :])
    in_units = scaling.undone(flat_target)
    z = _before_activation(loss, y if scaling.is_identity else scaling.applied(y))
    confusion = None
    if classes:
        predicted = predicted_classes(flat_y, loss.threshold)
        confusion = confusion_matrix(true_classes(flat_target).ravel(), predicted.ravel(), classes)
    return Evaluation(
        loss.mean(z, np.empty_like(z) if loss.fused_activation else z, target, np.empty_like(z)),
        {metric.type_name(): metric.result(metric.statistics(flat_y, in_units, loss.threshold)) for metric in metrics},
        confusion,
    )


def row_losses(
    y: Floats, target: npt.NDArray[Any], loss: Loss, preprocessing: Preprocessing
) -> npt.NDArray[np.float64]:
    """The loss of each row, ``(rows,)``, of which `score` is the mean, without the penalty of regularizers."""
    scaling = target_scaling(loss, preprocessing)
    z = _before_activation(loss, y if scaling.is_identity else scaling.applied(y))
    flat = z.reshape(-1, z.shape[-1])
    y_of_loss = np.empty_like(flat) if loss.fused_activation else flat
    flat_target = target.reshape(-1, *target.shape[z.ndim - 1 :])
    losses = loss.per_element(flat, y_of_loss, flat_target, np.empty_like(flat))
    return losses.reshape(len(y), -1).mean(axis=1, dtype=np.float64)


def _before_activation(loss: Loss, y: Floats) -> Floats:
    """Inputs of the loss's fused activation that give the outputs ``y``; ``y`` itself where there is none."""
    if loss.fused_activation is None:
        return y
    if loss.fused_activation == "step":
        return y - np.float32(loss.threshold)
    with np.errstate(divide="ignore"):
        exact = y.astype(np.float64)
        z = np.log(exact) if loss.fused_activation == "softmax" else np.log(exact) - np.log1p(-exact)
    return np.clip(z, -_LARGEST_LOGIT, _LARGEST_LOGIT).astype(np.float32)
