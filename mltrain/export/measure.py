"""What an inexact format loses: the accuracy of its steps beside that of the model, on rows held back from training."""

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from mltrain.engine.metrics.base import predicted_classes, true_classes
from mltrain.export.base import Subject
from mltrain.export.reference import run_steps
from mltrain.inference.steps import InferenceSteps

if TYPE_CHECKING:
    from mltrain.data.base import Split

_BLOCK = 250
"""Rows that are computed at a time."""


class Loss(NamedTuple):
    """A sentence for people, and the same numbers by name."""

    sentence: str
    facts: dict[str, Any]


def loss_of_accuracy(subject: Subject, steps: InferenceSteps) -> Loss | None:
    """Compare ``steps`` with the model on its test rows, else validation rows, else all rows; None without rows.

    For classes it is the share of rows that are given their class; for numbers the mean distance from the targets.
    """
    if subject.dataset is None:
        return None
    parts = subject.dataset.by_name
    name = next(name for name in ("test", "validation", "train") if name in parts)
    rows, model = parts[name], subject.model
    before, after = model.predict(rows.x), _outputs(steps, rows.x)
    told = f"on the {len(rows.x):,} {name} rows"
    if model.classes is not None:
        one, other = (_accuracy(subject, rows, y) for y in (before, after))
        facts = {"split": name, "rows": len(rows.x), "before": one, "after": other}
        lost = f"a loss of {one - other:.4f}" if other < one else "nothing is lost"
        return Loss(f"accuracy {told}: {other:.4f}, and {one:.4f} before: {lost}", facts)
    one, other = (float(np.abs(y.reshape(len(y), -1) - rows.y.reshape(len(y), -1)).mean()) for y in (before, after))
    facts = {"split": name, "rows": len(rows.x), "before": one, "after": other}
    return Loss(f"mean absolute error {told}: {other:.4g}, and {one:.4g} before", facts)


def _outputs(steps: InferenceSteps, x: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
    return np.concatenate([run_steps(steps, x[start : start + _BLOCK]) for start in range(0, len(x), _BLOCK)])


def _accuracy(subject: Subject, rows: "Split", y: npt.NDArray[np.float32]) -> float:
    true = true_classes(subject.model.target(rows))
    return float((predicted_classes(y, subject.steps.answer.threshold) == true).mean())
