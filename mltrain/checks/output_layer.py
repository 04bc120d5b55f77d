"""Checks that the range of the last layer, the loss and the targets fit together."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.data.base import Dataset, RowSpec
from mltrain.engine.activations.base import Activation
from mltrain.engine.graph import Node
from mltrain.engine.losses.base import Loss
from mltrain.errors import ConfigPath, Problem
from mltrain.training.targets import encode, mismatch, position_mismatch, target_scaling

_OF_CLASSES, _OF_ROWS = "sparse_categorical_crossentropy", "categorical_crossentropy"


def last_activation(nodes: Sequence[Node]) -> Activation | None:
    """The activation that the outputs come from, if any: of the last layer, or the last layer itself."""
    stage = nodes[-1].layer.stages()[-1]
    return stage if isinstance(stage, Activation) else None


def output_problems(nodes: Sequence[Node], loss: Loss, row_spec: RowSpec) -> list[Problem]:
    """Errors that do not depend on the rows."""
    end = nodes[-1].path
    shape = nodes[-1].output_shape
    if (why := position_mismatch(loss, row_spec, shape)) is not None:
        return [Problem(end, why)]
    if nodes[-1].layer.training_only:
        return [
            Problem(
                end, f"{nodes[-1].layer.type_name()} cannot be the last layer: it would drop what the network predicts"
            )
        ]
    problems = []
    name, low, high = _outputs(nodes)
    classes = len(row_spec.classes or ())
    if loss.fused_activation is not None and name != loss.fused_activation:
        wants = f"{loss.type_name()} needs the outputs of {loss.fused_activation}"
        but = f"but the last layer's activation is {name}; {_how_to_fit(loss, name, shape[-1], classes)}"
        problems.append(Problem(("loss",), f"{wants}, {but}"))
    if name == "softmax" and shape[-1] == 1:
        instead = f"write 'units: {classes}'" if classes > 2 else "use sigmoid for yes or no"
        problems.append(Problem(_activation_path(nodes), f"softmax over a single output is always 1; {instead}"))
    if loss.type_name() == "hinge" and low >= 0:
        can = f"hinge needs outputs on both sides of 0, but {name} gives numbers {_range(low, high)}"
        problems.append(Problem(_activation_path(nodes), f"{can}; use linear or tanh"))
    if (why := mismatch(loss, row_spec, shape[-1], positions=len(shape) > 1)) is not None:
        names_under_numbers = loss.targets == "numbers" and row_spec.named
        option: ConfigPath = ("loss",) if names_under_numbers else (*end, "units")
        problems.append(Problem(option, why))
    return problems


def target_problems(nodes: Sequence[Node], loss: Loss, dataset: Dataset) -> list[Problem]:
    """Errors for targets outside the range of the last layer, in any split."""
    name, low, high = _outputs(nodes)
    if loss.targets != "numbers" or (low, high) == (-np.inf, np.inf):
        return []
    for part, rows in dataset.by_name.items():
        target = encode(loss, dataset.row_spec, nodes[-1].output_shape[-1], rows, dataset.preprocessing)
        lowest, highest = float(target.min()), float(target.max())
        but = "" if part == "train" else f" for {part}"
        if lowest < low or highest > high:
            scaled = not target_scaling(loss, dataset.preprocessing).is_identity
            but = f"but the targets{but} reach from {lowest:g} to {highest:g}"
            but += " as standardize_target scales them; set dataset.standardize_target to false" if scaled else ""
            return [Problem(_activation_path(nodes), f"{name} gives numbers {_range(low, high)}, {but}")]
        sums = target.sum(axis=-1)
        if name == "softmax" and not np.allclose(sums, 1, atol=1e-3):
            but = f"but those of the targets{but} add up to numbers from {sums.min():g} to {sums.max():g}"
            return [Problem(_activation_path(nodes), f"the outputs of softmax add up to 1, {but}; use linear")]
    return []


def output_warnings(nodes: Sequence[Node], loss: Loss, row_spec: RowSpec, target: npt.NDArray[Any]) -> list[str]:
    """Warnings about a badly chosen last layer. ``target`` is in the loss's form."""
    name, low, _ = _outputs(nodes)
    aim, outputs, classes = loss.type_name(), nodes[-1].output_shape[-1], row_spec.classes
    one_hot = loss.targets != "labels" and outputs > 1 and _is_one_hot(target)
    exclusive = _OF_CLASSES if classes is not None else _OF_ROWS
    found = []
    if name == "softmax" and loss.fused_activation != "softmax":
        found.append(f"softmax with {aim} learns slowly, and hardly at all from confident mistakes; use {exclusive}")
    elif one_hot and name in ("sigmoid", "step"):
        found.append(
            f"each of the {outputs} outputs of {name} is an answer of its own, but every row is of exactly one class; "
            f"use softmax with {exclusive}"
        )
    elif name == "sigmoid" and loss.targets == "numbers" and bool(np.isin(target, (0, 1)).all()):
        found.append(
            f"sigmoid with {aim} learns slowly, and hardly at all from confident mistakes; use binary_crossentropy"
        )
    if name == "relu" and loss.targets == "numbers":
        found.append(
            "relu as the last activation has slope 0 where it gives 0, so an output that is 0 for all rows never "
            "learns again; use softplus, or linear"
        )
    if aim == "hinge" and -1 < low < 0:
        found.append(f"hinge asks for outputs of -1 and 1, but {name} gives at least {low:g}; use linear or tanh")
    if classes is not None and len(classes) > 2 and outputs == 1 and loss.targets == "numbers":
        found.append(
            f"the class numbers 0 to {len(classes) - 1} are learned as amounts, as if neighbours were alike; "
            f"for classes use {len(classes)} units with softmax and {_OF_CLASSES}"
        )
    stages = [stage.type_name() for node in nodes for stage in node.layer.stages()]
    if len(stages) > 1 and name in ("softmax", "sigmoid") and stages[-2] in ("softmax", "sigmoid"):
        found.append(f"the outputs of {stages[-2]} go through {name} once more, which makes them alike; keep one")
    return found


def _outputs(nodes: Sequence[Node]) -> tuple[str, float, float]:
    """The name of the last activation, and the bounds of its output."""
    last = last_activation(nodes)
    return ("linear", -np.inf, np.inf) if last is None else (last.type_name(), *last.output_range())


def _how_to_fit(loss: Loss, name: str, units: int, classes: int) -> str:
    """The advice if the last activation is not the one that the loss needs."""
    if loss.fused_activation == "softmax" and units == 1 and classes <= 2:
        return "for yes or no write 'activation: sigmoid' and 'loss: binary_crossentropy'"
    if name == "softmax" and units > 1:
        return f"for one of several classes write 'loss: {_OF_CLASSES if classes else _OF_ROWS}'"
    return f"write 'activation: {loss.fused_activation}' in the last layer"


def _is_one_hot(target: npt.NDArray[Any]) -> bool:
    """Whether each row has a single 1 among zeros, and the rows do not all have it in the same place."""
    return bool(np.isin(target, (0, 1)).all() and (target.sum(axis=1) == 1).all() and (target.any(axis=0).sum() > 1))


def _activation_path(nodes: Sequence[Node]) -> ConfigPath:
    path = nodes[-1].path
    return path if isinstance(nodes[-1].layer, Activation) else (*path, "activation")


def _range(low: float, high: float) -> str:
    if np.isinf(high):
        return f"of at least {low:g}"
    return f"from {low:g} to {high:g}"
