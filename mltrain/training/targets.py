"""Converts a dataset's targets to the form of a loss, and explains targets that do not fit."""

from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.data.base import RowSpec, Split
from mltrain.data.preprocessing import AS_IS, Preprocessing, Scaling
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import true_classes


def class_names(loss: Loss, row_spec: RowSpec, outputs: int) -> tuple[str, ...] | None:
    """The names of the classes that a network predicts; None if it predicts numbers.

    Numeric targets become classes if the loss takes labels or binary targets. Class numbers become numeric targets if
    a single output predicts more than two of them.
    """
    if row_spec.classes is not None:
        return None if outputs == 1 and len(row_spec.classes) > 2 else row_spec.classes
    if loss.targets in ("labels", "one_hot"):
        return tuple(map(str, range(outputs)))
    return ("0", "1") if loss.targets == "binary" and outputs == 1 else None


def labels(
    loss: Loss, row_spec: RowSpec, outputs: int, y: npt.NDArray[Any], target: npt.NDArray[Any]
) -> npt.NDArray[np.int32] | None:
    """The class of each row, ``(rows,)``, also where classes are given as numbers; None if a row has none, or several.

    ``target`` are the targets ``y`` in the form of the loss.
    """
    if row_spec.classes is None and class_names(loss, row_spec, outputs) is None:
        return None
    found = y if row_spec.classes is not None else true_classes(target)
    return found.astype(np.int32) if found.ndim == 1 else None


def position_mismatch(loss: Loss, row_spec: RowSpec, output_shape: tuple[int, ...]) -> str | None:
    """The reason why the positions of the outputs differ from those of the targets; None if they are the same.

    A loss of labels treats several numbers in a row as labels of several positions.
    """
    *positions, outputs = output_shape or (0, 0)
    expected = row_spec.positions
    if loss.targets == "labels" and row_spec.classes is None and row_spec.outputs > 1 and positions:
        expected = (*expected, row_spec.outputs)
    if tuple(positions) == expected:
        return None
    gives = f"the last layer gives {_shape(output_shape)} a row"
    if not expected:
        return f"{gives}; put flatten before it, or end with a dense layer"
    wanted = (*expected, outputs if loss.targets == "labels" else row_spec.outputs)
    return f"{gives}, but the targets ask for {_shape(wanted)}"


def mismatch(loss: Loss, row_spec: RowSpec, outputs: int, *, positions: bool = False) -> str | None:
    """The reason why the targets of ``row_spec`` do not fit this number of outputs; None if they fit.

    With ``positions``, each of several positions has these outputs.
    """
    name = loss.type_name()
    if row_spec.classes is None:
        if loss.targets == "labels" and row_spec.outputs > 1 and not positions:
            return f"{name} takes one class number a row, but the dataset gives {row_spec.outputs} numbers"
        if loss.targets != "labels" and row_spec.outputs != outputs:
            have = f"the dataset has {_count(row_spec.outputs, 'target')} a row"
            return f"the last layer gives {_count(outputs, 'number')} a row, but {have}"
        return None
    classes = len(row_spec.classes)
    if classes == 1:
        return f"all rows are of one class, '{row_spec.classes[0]}', so there is nothing to tell apart"
    if loss.targets == "numbers" and row_spec.named:
        names = ", ".join(f"'{one}'" for one in row_spec.classes[:3]) + (", ..." if classes > 3 else "")
        use = "binary_crossentropy" if outputs == 1 and classes == 2 else "sparse_categorical_crossentropy"
        return f"{name} compares numbers, but the targets are names ({names}); use {use}"
    if outputs == classes or (outputs == 1 and classes == 2 and loss.targets in ("binary", "numbers")):
        return None
    if outputs == 1 and loss.targets == "numbers":
        return None  # class numbers as numeric targets
    use = "; use softmax with sparse_categorical_crossentropy" if loss.targets == "binary" and classes > 2 else ""
    return f"the last layer has {_count(outputs, 'output')}, but the dataset has {classes} classes{use}"


def target_scaling(loss: Loss, preprocessing: Preprocessing) -> Scaling:
    """The scaling of targets for ``loss``: labels, one-hot and binary targets are not scaled."""
    return preprocessing.targets if loss.targets == "numbers" else Scaling()


def encode(
    loss: Loss,
    row_spec: RowSpec,
    outputs: int,
    rows: Split,
    preprocessing: Preprocessing = AS_IS,
) -> npt.NDArray[Any]:
    """The targets of ``rows`` in the form of ``loss``; see `TargetKind`. `mismatch` and `misfit` must be None."""
    y = rows.y
    if loss.targets == "labels":
        return (y[..., 0] if row_spec.classes is None and y.shape[-1] == 1 else y).astype(np.int32)
    if row_spec.classes is None:
        if loss.targets == "numbers":
            scaling = target_scaling(loss, preprocessing)
            return y if scaling.is_identity else scaling.applied(y)
        return (y > 0).astype(np.float32) if loss.targets == "binary" and y.min() < 0 else y
    if outputs == 1:
        return y.astype(np.float32)[..., None]
    return np.eye(outputs, dtype=np.float32)[y]


def misfit(loss: Loss, row_spec: RowSpec, outputs: int, rows: Split) -> str | None:
    """A description of a target value that is invalid for ``loss``; None if all are valid."""
    y = rows.y
    if row_spec.classes is not None or not len(y):
        return None
    if loss.targets == "labels":
        wrong = y[(y < 0) | (y >= outputs) | (y != np.floor(y))]
        return (
            f"the last layer has {_count(outputs, 'output')}, for the classes 0 to {outputs - 1}, "
            f"but the targets hold {wrong.flat[0]:g}"
            if wrong.size
            else None
        )
    if loss.targets == "one_hot" and not (np.all(y >= 0) and np.allclose(y.sum(axis=-1), 1, atol=1e-3)):
        return (
            f"{loss.type_name()} takes rows of probabilities that add up to 1, as in [0, 1, 0]; where several can be "
            "right at once, use sigmoid with binary_crossentropy"
        )
    if loss.targets == "binary" and not (np.isin(y, (0, 1)).all() or np.isin(y, (-1, 1)).all()):
        wrong = y[~np.isin(y, (0, 1))]
        return f"{loss.type_name()} takes targets of 0 and 1, but they hold {wrong.flat[0]:g}"
    return None


def _shape(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "a single number"


def _count(number: int, noun: str) -> str:
    return f"{number} {noun}{'s' if number != 1 else ''}"
