"""Warnings about valid options that have no effect or do harm, alone in float32 or in combination."""

from collections.abc import Iterator, Mapping
from typing import Any

import msgspec
import numpy as np

from mltrain.engine.graph import Node
from mltrain.engine.network import Network
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.optimizers.sgd import Sgd
from mltrain.engine.schedules.base import start
from mltrain.errors import ConfigPath, Problem
from mltrain.training.options import Training

_SMALLEST, _LARGEST = float(np.finfo(np.float32).tiny), float(np.finfo(np.float32).max)
_NOT_OF_32_BITS = frozenset({"min_delta", "validation_split", "test_split"})
_KEPT = frozenset({"momentum", "beta_1", "beta_2", "rho", "ema_momentum"})
"""Options that are decay rates of running means."""

_STILL = 1e-6
"""The length of all steps together below which weights of usual size hardly change."""

_STILL_BY_GRADIENT = 1e-15
"""The same for sgd, whose steps are proportional to the gradient."""

_LARGEST_RATE = 100.0

_TOO_LARGE: Mapping[str, tuple[float, str]] = {
    "epsilon": (1e3, "is larger than gradients are, and divides the steps by itself"),
    "initial_accumulator_value": (1e6, "is larger than squares of gradients are, and keeps the steps short for ever"),
    "l1": (1.0, "counts weights for more than errors, and presses them to 0"),
    "l2": (1.0, "counts weights for more than errors, and presses them to 0"),
    "alpha": (100.0, "makes outputs that large of inputs below 0"),
}
"""Options with the number above which they do harm, and the harm."""

_TOO_SMALL: Mapping[str, tuple[float, str]] = {
    "clip_norm": (1e-6, "scales every gradient down to that length, so that hardly anything is learned"),
    "delta": (1e-6, "lets no error count for more than that, so that hardly anything is learned"),
}
"""Options with the number below which they do harm, and the harm."""


def number_problems(sections: Mapping[str, Any]) -> list[Problem]:
    """Options that round to 0, 1 or infinity in float32, and the effect."""
    problems = []
    for path, value in _numbers(sections, ()):
        name = path[-1]
        size = abs(value)
        if name in _NOT_OF_32_BITS:
            continue
        if 0 < size < _SMALLEST:
            problems.append(Problem(path, f"{value:g} is 0 as a 32-bit number; those begin at {_SMALLEST:.2g}"))
        elif size > _LARGEST:
            problems.append(Problem(path, f"{value:g} is infinite as a 32-bit number; those end at {_LARGEST:.2g}"))
        elif name in _KEPT and np.float32(value) == 1:
            problems.append(Problem(path, f"{value!r} is 1 as a 32-bit number: the past would never be forgotten"))
    return problems


def _numbers(value: Any, path: ConfigPath) -> Iterator[tuple[ConfigPath, float]]:
    """The decimal numbers among the options, with their paths. Lists are data, not options, and may be long."""
    if isinstance(value, float):
        yield path, value
    elif isinstance(value, msgspec.Struct):
        for name in value.__struct_fields__:
            yield from _numbers(getattr(value, name), (*path, name))
    elif isinstance(value, Mapping):
        for key, one in value.items():
            yield from _numbers(one, (*path, key))
    elif isinstance(value, tuple):
        for index, one in enumerate(value):
            yield from _numbers(one, (*path, index))


def option_warnings(
    network: Network, optimizer: Optimizer, training: Training, *, rows: int, validation_rows: int | None
) -> list[str]:
    """Warnings about combinations of options without effect or with harm. ``rows`` is the number of training rows."""
    if not training.epochs or not network.trainable:
        return _about_validation(validation_rows)
    steps = steps_of(training, rows)
    return [
        *_about_sizes(network, optimizer),
        *_about_rate(optimizer, steps),
        *_about_memory(optimizer, steps),
        *(line for node in network.nodes for line in _about_layer(node, last=node is network.nodes[-1])),
        *_about_validation(validation_rows),
    ]


def steps_of(training: Training, rows: int) -> int:
    """The number of steps of a training."""
    batches = 1 if training.batch_size == "full" else -(-rows // training.batch_size)
    return training.epochs * -(-batches // training.gradient_accumulation)


def _about_sizes(network: Network, optimizer: Optimizer) -> list[str]:
    found = []
    layers = {node.name: node.layer for node in network.nodes}
    for path, value in _numbers({"optimizer": optimizer, **layers}, ()):
        name = str(path[-1])
        if name in _TOO_LARGE and value > _TOO_LARGE[name][0]:
            found.append(f"{'.'.join(map(str, path))} {value:g} {_TOO_LARGE[name][1]}")
        if name in _TOO_SMALL and value < _TOO_SMALL[name][0]:
            found.append(f"{'.'.join(map(str, path))} {value:g} {_TOO_SMALL[name][1]}")
    return found


def _about_rate(optimizer: Optimizer, steps: int) -> list[str]:
    rate = start(optimizer.learning_rate)
    rates = [rate.at((steps - 1) * part // 10) for part in range(11)]
    highest = max(rates)
    found = []
    if not highest <= _LARGEST_RATE:
        found.append(
            f"the learning rate reaches {highest:g} within the {_plural(steps)} of this training; a usual one is 0.001 "
            "to 0.1"
        )
    way = highest * steps
    if way < (_STILL_BY_GRADIENT if isinstance(optimizer, Sgd) else _STILL):
        found.append(
            f"the learning rate of {highest:g} is so small that all {_plural(steps)} together move no weight by more "
            f"than {way:.1g} times a gradient; a usual one is 0.001 to 0.1"
        )
    if steps > 10 and max(rates[5:]) < highest * _STILL:
        found.append(
            f"the learning rate is down to {max(rates[5:]):g} after half of the {_plural(steps)}: the others teach "
            "nothing; let it fall more slowly, or train for fewer epochs"
        )
    shrinks = (optimizer.weight_decay or 0.0) * highest
    if shrinks >= 1:
        found.append(
            f"weight_decay times the learning rate is {shrinks:g}: each step takes away more than there is of every "
            "weight; less than 0.1 is usual"
        )
    return found


def _about_memory(optimizer: Optimizer, steps: int) -> list[str]:
    left = optimizer.ema_momentum**steps if optimizer.use_ema else 0.0
    if left <= 0.5:
        return []
    return [
        f"with ema_momentum {optimizer.ema_momentum:g} the mean consists of the first weights to {left:.0%} after the "
        f"{_plural(steps)} of this training; lower it, or train for longer"
    ]


def _about_layer(node: Node, *, last: bool) -> list[str]:
    pitfall = node.layer.pitfall(node.input_shape)
    found = [f"layer {node.name} {pitfall}"] if pitfall else []
    kernel = node.parameters.get("kernel")
    if kernel is not None and kernel.trainable and not last and kernel.shape[-1] > 1 and kernel.initializer.all_equal:
        found.append(
            f"the {kernel.shape[-1]} units of layer {node.name} begin with the same weights and so learn the same; "
            "use glorot_uniform, the default"
        )
    return found


def _plural(steps: int) -> str:
    return f"{steps:,} step{'s' if steps != 1 else ''}"


def _about_validation(rows: int | None) -> list[str]:
    if rows != 1:
        return []
    return ["one row is held back for validation: what it says is chance; raise validation_split"]
