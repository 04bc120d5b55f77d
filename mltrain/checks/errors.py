"""After the words of a config are right: do its numbers fit together? Every message names both sides."""

from collections.abc import Sequence

import numpy as np

from mltrain.data.base import Dataset, RowSpec
from mltrain.engine.activations.base import Activation
from mltrain.engine.arrays import size
from mltrain.engine.layers.base import Layer, shape_text
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric
from mltrain.engine.network import Node, infer
from mltrain.errors import ConfigError, ConfigPath, Problem
from mltrain.training.options import Training
from mltrain.training.targets import class_names, encode, misfit, mismatch, target_scaling

MOST_TRACKED = 16
"""Numbers of one parameter that can be tracked; more would make a table that nobody reads."""


def checked_nodes(
    layers: Sequence[Layer], loss: Loss, metrics: Sequence[Metric], training: Training, row_spec: RowSpec
) -> tuple[Node, ...]:
    """The layers with their shapes, inferred once. Raises `ConfigError` for what cannot work whatever the rows are."""
    nodes = infer(layers, row_spec.input_shape)
    problems = [
        *_output_problems(nodes, loss, row_spec),
        *_metric_problems(nodes, loss, metrics, row_spec),
        *_tracking_problems(nodes, metrics, training),
    ]
    if problems:
        raise ConfigError(problems)
    return nodes


def find_problems(
    layers: Sequence[Layer], loss: Loss, metrics: Sequence[Metric], training: Training, row_spec: RowSpec
) -> list[Problem]:
    """The problems for which `checked_nodes` refuses a config; none where it does not."""
    try:
        checked_nodes(layers, loss, metrics, training, row_spec)
    except ConfigError as error:
        return list(error.problems)
    return []


def find_data_problems(nodes: Sequence[Node], loss: Loss, dataset: Dataset) -> list[Problem]:
    """What cannot work with these targets: labels out of range, numbers that the last layer cannot produce."""
    outputs = size(nodes[-1].output_shape)
    problems = []
    for rows in filter(None, (dataset.train, dataset.validation, dataset.test)):
        if wrong := misfit(loss, dataset.row_spec, outputs, rows):
            return [Problem(("loss",), wrong)]
    if loss.targets == "numbers":
        target = encode(loss, dataset.row_spec, outputs, dataset.train, dataset.preprocessing)
        lowest, highest = float(target.min()), float(target.max())
        last = last_activation(nodes)
        low, high = last.output_range() if last else (-np.inf, np.inf)
        if lowest < low or highest > high:
            can = f"{last.type_name() if last else ''} gives numbers {_range(low, high)}"
            scaled = not target_scaling(loss, dataset.preprocessing).is_identity
            but = f"the targets reach from {lowest:g} to {highest:g}"
            but += " as standardize_target scales them; set dataset.standardize_target to false" if scaled else ""
            problems.append(Problem(_activation_path(nodes), f"{can}, but {but}"))
    return problems


def last_activation(nodes: Sequence[Node]) -> Activation | None:
    """The activation that the outputs come from, if any: of the last layer, or the last layer itself."""
    stage = nodes[-1].layer.stages()[-1]
    return stage if isinstance(stage, Activation) else None


def _activation_path(nodes: Sequence[Node]) -> ConfigPath:
    last = len(nodes) - 1
    return ("layers", last) if isinstance(nodes[-1].layer, Activation) else ("layers", last, "activation")


def _range(low: float, high: float) -> str:
    if np.isinf(high):
        return f"of at least {low:g}"
    return f"from {low:g} to {high:g}"


def _output_problems(nodes: Sequence[Node], loss: Loss, row_spec: RowSpec) -> list[Problem]:
    end: ConfigPath = ("layers", len(nodes) - 1)
    shape = nodes[-1].output_shape
    if len(shape) != 1:
        return [
            Problem(
                end,
                f"the last layer gives {shape_text(shape)} a row; put flatten before it, or end with a dense layer",
            )
        ]
    if nodes[-1].layer.training_only:
        return [
            Problem(
                end, f"{nodes[-1].layer.type_name()} cannot be the last layer: it would drop what the network predicts"
            )
        ]
    problems = []
    activation = last_activation(nodes)
    name = activation.type_name() if activation else "linear"
    fused = loss.fused_activation
    if fused is not None and name != fused:
        wants = f"{loss.type_name()} needs the outputs of {fused}, but the last layer's activation is {name}"
        problems.append(Problem(("loss",), f"{wants}; write 'activation: {fused}' in the last layer"))
    if name == "softmax" and shape == (1,):
        problems.append(
            Problem(_activation_path(nodes), "softmax over a single output is always 1; use sigmoid for yes or no")
        )
    if (why := mismatch(loss, row_spec, shape[0])) is not None:
        names_under_numbers = loss.targets == "numbers" and row_spec.named
        option: ConfigPath = ("loss",) if names_under_numbers else (*end, "units")
        problems.append(Problem(option, why))
    return problems


def _metric_problems(nodes: Sequence[Node], loss: Loss, metrics: Sequence[Metric], row_spec: RowSpec) -> list[Problem]:
    decides = class_names(loss, row_spec, size(nodes[-1].output_shape)) is not None
    problems = []
    names = [metric.type_name() for metric in metrics]
    for index, metric in enumerate(metrics):
        name, path = names[index], ("metrics", index)
        if name in names[:index]:
            problems.append(
                Problem(path, f"{name} is in the list already; results go by name, so it can be there once")
            )
        if metric.task == "classes" and not decides:
            tries = "use mean_absolute_error or r2"
            problems.append(
                Problem(path, f"{name} judges classes, but {loss.type_name()} here learns numbers; {tries}")
            )
        if metric.task == "numbers" and loss.targets == "labels":
            problems.append(
                Problem(path, f"{name} judges numbers, but {loss.type_name()} learns classes; use accuracy")
            )
    return problems


def _tracking_problems(nodes: Sequence[Node], metrics: Sequence[Metric], training: Training) -> list[Problem]:
    recorded = {"epoch", "seconds", "loss", "learning_rate", *(metric.type_name() for metric in metrics)}
    shapes = {f"{node.name}.{name}": parameter.shape for node in nodes for name, parameter in node.parameters.items()}
    track = training.track
    wanted = track.items() if isinstance(track, dict) else enumerate(track)
    problems = []
    for key, name in wanted:
        path: ConfigPath = ("training", "track", key)
        if key in recorded or str(key).removeprefix("val_") in recorded:
            problems.append(Problem(path, f"each epoch records another number as '{key}'; choose another label"))
        if name not in shapes:
            problems.append(Problem(path, f"there is no parameter '{name}'; there are {', '.join(shapes) or 'none'}"))
        elif size(shapes[name]) > MOST_TRACKED:
            has = f"'{name}' holds {size(shapes[name])} numbers"
            problems.append(Problem(path, f"{has}; parameters of up to {MOST_TRACKED} numbers can be tracked"))
    return problems
