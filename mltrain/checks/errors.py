"""Checks that the options of a valid config fit together and fit the data. Every message names both sides."""

from collections.abc import Sequence
from itertools import accumulate, pairwise
from typing import Any

import numpy as np
import numpy.typing as npt

from mltrain.checks.output_layer import output_problems, target_problems
from mltrain.data.base import Dataset, RowSpec
from mltrain.engine.arrays import size
from mltrain.engine.graph import Node, infer, inputs_read_by
from mltrain.engine.layers.base import Layer
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import VALIDATION_PREFIX, Metric
from mltrain.errors import ConfigError, ConfigPath, DataError, Problem
from mltrain.training.options import Training
from mltrain.training.targets import class_names, misfit

_LARGEST_SQUARED = 1.8e19
"""The largest number whose square is finite in float32."""

MOST_TRACKED = 16
"""The most tracked numbers of one parameter; more would make an unreadable table."""


def checked_nodes(
    layers: Sequence[Layer], loss: Loss, metrics: Sequence[Metric], training: Training, row_spec: RowSpec
) -> tuple[Node, ...]:
    """The layers with their shapes, inferred once. Raises `ConfigError` for errors that do not depend on the rows."""
    nodes = infer(layers, row_spec.inputs)
    problems = [
        *output_problems(nodes, loss, row_spec),
        *_metric_problems(nodes, loss, metrics, row_spec),
        *_tracking_problems(nodes, metrics, training),
    ]
    if problems:
        raise ConfigError(problems)
    return nodes


def find_problems(
    layers: Sequence[Layer], loss: Loss, metrics: Sequence[Metric], training: Training, row_spec: RowSpec
) -> list[Problem]:
    """The errors for which `checked_nodes` refuses a config."""
    try:
        checked_nodes(layers, loss, metrics, training, row_spec)
    except ConfigError as error:
        return list(error.problems)
    return []


def find_data_problems(nodes: Sequence[Node], loss: Loss, dataset: Dataset) -> list[Problem]:
    """Errors in the targets: labels out of range, numbers outside the range of the last layer."""
    outputs = nodes[-1].output_shape[-1]
    for rows in dataset.by_name.values():
        if wrong := misfit(loss, dataset.row_spec, outputs, rows):
            return [Problem(("loss",), wrong)]
    return [*_input_problems(nodes, dataset), *target_problems(nodes, loss, dataset)]


def _input_problems(nodes: Sequence[Node], dataset: Dataset) -> list[Problem]:
    """Layers that cannot process some rows of the dataset, such as ids out of an embedding's range."""
    starts = accumulate((size(shape) for shape, _ in dataset.row_spec.inputs.values()), initial=0)
    columns = {name: slice(*bounds) for name, bounds in zip(dataset.row_spec.inputs, pairwise(starts), strict=True)}
    problems = []
    for node in nodes:
        if not node.layer.takes_integers:
            continue
        for name in inputs_read_by(nodes, node.name) & columns.keys():
            told = (
                node.layer.input_problem(
                    dataset.preprocessing.inputs.applied(rows.x).reshape(len(rows.x), -1)[:, columns[name]]
                )
                for rows in dataset.by_name.values()
            )
            problems += [Problem(node.path, one) for one in [next(filter(None, told), None)] if one]
    return problems


def refuse_overflow(dataset: Dataset) -> None:
    """Raise `DataError` for a validation or test row whose loss overflows, unlike those of the training rows."""
    for part in ("validation", "test"):
        rows = dataset.by_name.get(part)
        if rows is None:
            continue
        inputs = [f"'{name}'" for name in dataset.preprocessing.table.features] if dataset.preprocessing.table else []
        for numbers, of_train, names in ((rows.x, dataset.train.x, inputs), (rows.y, dataset.train.y, ["its target"])):
            # If the training rows have numbers of this size, training itself reports the overflow.
            if numbers.dtype == np.float32 and _reach(of_train) < _LARGEST_SQUARED <= _reach(numbers):
                flat = numbers.reshape(len(numbers), -1)
                row, column = map(int, np.unravel_index(int(np.abs(flat).argmax()), flat.shape))
                what = names[column] if column < len(names) else f"number {column + 1} of the row"
                raise DataError(
                    f"row {row + 1:,} of those for {part} cannot be measured: {what} is {flat[row, column]:g}, of "
                    "which the square is no number of 32 bits; correct it, or leave the row out"
                )


def _reach(numbers: npt.NDArray[Any]) -> float:
    return max(float(numbers.max()), -float(numbers.min())) if numbers.size else 0.0


def _metric_problems(nodes: Sequence[Node], loss: Loss, metrics: Sequence[Metric], row_spec: RowSpec) -> list[Problem]:
    decides = class_names(loss, row_spec, nodes[-1].output_shape[-1]) is not None
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
        if key in recorded or str(key).removeprefix(VALIDATION_PREFIX) in recorded:
            problems.append(Problem(path, f"each epoch records another number as '{key}'; choose another label"))
        if name not in shapes:
            problems.append(Problem(path, f"there is no parameter '{name}'; there are {', '.join(shapes) or 'none'}"))
        elif size(shapes[name]) > MOST_TRACKED:
            has = f"'{name}' holds {size(shapes[name])} numbers"
            problems.append(Problem(path, f"{has}; parameters of up to {MOST_TRACKED} numbers can be tracked"))
    return problems
