"""The tasks, trained by PyTorch: the peers' interpreter runs ``-m campaigns.differential.torch_peer TASKS RESULTS``.

Where PyTorch's own definition is not Keras's, the formula is written out, and the gradients remain PyTorch's.
"""

import math
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from campaigns.differential.exchange import Result, Task, read_tasks, write_results
from campaigns.differential.torch_rules import OPTIMIZERS, SCHEDULES, Options, Tensors

ACTIVATIONS: dict[str, Callable[[Any, Options], Any]] = {
    "elu": lambda x, options: functional.elu(x, options["alpha"]),
    "gelu": lambda x, options: functional.gelu(x),
    "leaky_relu": lambda x, options: functional.leaky_relu(x, options["negative_slope"]),
    "linear": lambda x, options: x,
    "relu": lambda x, options: functional.relu(x),
    "sigmoid": lambda x, options: functional.sigmoid(x),
    "softmax": lambda x, options: functional.softmax(x, dim=-1),
    # Above its threshold PyTorch leaves the exponential out; 20, the default, would show in float64.
    "softplus": lambda x, options: functional.softplus(x, threshold=40),
    "step": lambda x, options: (x > 0).to(x.dtype),
    "tanh": lambda x, options: torch.tanh(x),
}


def hinge(y: Any, target: Any, options: Options) -> Any:
    return functional.relu(1 - (2 * target - 1) * y)


def perceptron(z: Any, target: Any, options: Options) -> Any:
    return ((z > 0).to(z.dtype) - target) * z


def own(function: Callable[..., Any]) -> Callable[[Any, Any, Options], Any]:
    """A loss of PyTorch's, with the options that a config gives it."""

    def elements(y: Any, target: Any, options: Options) -> Any:
        given = {name: value for name, value in options.items() if name != "type"}
        return function(y, target, reduction="none", **given)

    return elements


LOSSES: dict[str, Callable[[Any, Any, Options], Any]] = {
    "binary_crossentropy": own(functional.binary_cross_entropy_with_logits),
    "categorical_crossentropy": own(functional.cross_entropy),
    "hinge": hinge,
    "huber": own(functional.huber_loss),
    "mean_absolute_error": own(functional.l1_loss),
    "mean_squared_error": own(functional.mse_loss),
    "perceptron": perceptron,
    "sparse_categorical_crossentropy": own(functional.cross_entropy),
}
"""The elements, ``(rows, outputs)`` or ``(rows,)``; their mean is what is trained."""

JOINED = {"binary_crossentropy", "categorical_crossentropy", "perceptron", "sparse_categorical_crossentropy"}
"""Losses that take what goes into the last activation."""


REGULARIZERS: dict[str, Callable[[Any, Options], Any]] = {
    "l1": lambda w, options: options["l1"] * w.abs().sum(),
    "l1_l2": lambda w, options: options["l1"] * w.abs().sum() + options["l2"] * (w**2).sum(),
    "l2": lambda w, options: options["l2"] * (w**2).sum(),
}


class Stack:
    """The layers of a task. What dropout lets pass is given."""

    def __init__(self, task: Task):
        self._layers = task.description["layers"]
        loss = task.description["loss"]
        self._without_last_activation = loss["type"] in JOINED
        arrays = iter(task.weights.items())
        self._names: list[str] = []
        self._dense = {
            index: self._dense_layer(layer, arrays)
            for index, layer in enumerate(self._layers)
            if layer["type"] == "dense"
        }
        self._parameters = [parameter for dense in self._dense.values() for parameter in dense.parameters()]
        self.trained = [parameter for parameter in self._parameters if parameter.requires_grad]

    def _dense_layer(self, layer: Options, arrays: Any) -> Any:
        name, kernel = next(arrays)
        self._names.append(name)
        dense = nn.Linear(*kernel.shape, bias=layer["use_bias"])
        with torch.no_grad():
            dense.weight.copy_(torch.tensor(kernel.T))
            if layer["use_bias"]:
                name, bias = next(arrays)
                self._names.append(name)
                dense.bias.copy_(torch.tensor(bias))
        return dense.requires_grad_(layer["trainable"])

    def weights(self) -> dict[str, Any]:
        """All parameters by their names in the task, with kernels as they are there."""
        values = (parameter.detach().numpy() for parameter in self._parameters)
        return {
            name: np.ascontiguousarray(value.T) if value.ndim == 2 else value
            for name, value in zip(self._names, values, strict=True)
        }

    def penalty(self) -> Any:
        """What the trained parameters cost that a regularizer keeps small."""
        penalties = [
            REGULARIZERS[regularizer["type"]](parameter, regularizer)
            for index, dense in self._dense.items()
            for name, parameter in (("kernel", dense.weight), ("bias", dense.bias))
            if parameter is not None and parameter.requires_grad
            if (regularizer := self._layers[index][f"{name}_regularizer"]) is not None
        ]
        return sum(penalties)

    def __call__(self, x: Any, masks: Mapping[str, Any]) -> Any:
        last = len(self._layers) - 1
        for index, layer in enumerate(self._layers):
            skip = self._without_last_activation and index == last
            match layer["type"]:
                case "dense":
                    x = self._dense[index](x)
                    if not skip:
                        x = ACTIVATIONS[layer["activation"]["type"]](x, layer["activation"])
                case "flatten":
                    x = x.flatten(1)
                case "reshape":
                    x = x.reshape(len(x), *layer["target_shape"])
                case "dropout":
                    x = x * masks[str(index)] / (1 - layer["rate"])
                case name:
                    x = x if skip else ACTIVATIONS[name](x, layer)
        return x


def train(task: Task, dtype: Any) -> Result:
    """Take all the task's steps in one precision."""
    torch.set_default_dtype(dtype)
    model = Stack(task)
    options, loss = task.description["optimizer"], task.description["loss"]
    parameters = model.trained
    rule = OPTIMIZERS[options["type"]](parameters, options)
    averages = [parameter.detach().clone() for parameter in parameters]
    x, target = torch.tensor(task.x, dtype=dtype), torch.tensor(task.target)
    target = target.to(dtype) if target.is_floating_point() else target.long()
    importance = torch.tensor(task.importance, dtype=dtype)
    masks = {name: torch.tensor(mask, dtype=dtype) for name, mask in task.masks.items()}
    losses, step = [], 0
    for place, share, last in task.batches():
        rows = torch.tensor(task.order[place])
        y = model(x[rows], {name: mask[place] for name, mask in masks.items()})
        elements = LOSSES[loss["type"]](y, target[rows], loss)
        value = (elements.reshape(len(rows), -1) * importance[rows, None]).mean() + model.penalty()
        losses.append(value.item())
        if value.requires_grad:
            (value * share).backward()
        if last:
            with torch.no_grad():
                take_step(rule, parameters, options, step)
                follow(averages, parameters, options["ema_momentum"] if step else 0.0)
            for parameter in parameters:
                parameter.grad = None
            step += 1
    if options["use_ema"]:
        with torch.no_grad():
            for parameter, average in zip(parameters, averages, strict=True):
                parameter.copy_(average)
    return Result(np.array(losses), model.weights())


def take_step(rule: Any, parameters: Tensors, options: Options, step: int) -> None:
    """What Keras does around each rule, and then the rule."""
    for parameter in parameters:
        if parameter.grad is None:  # nothing behind it has a slope
            parameter.grad = torch.zeros_like(parameter)
    if options["clip_norm"] is not None:
        norm = math.sqrt(sum(float((parameter.grad**2).sum()) for parameter in parameters))
        for parameter in parameters:
            parameter.grad *= options["clip_norm"] / max(norm, options["clip_norm"])
    rate = options["learning_rate"]
    if isinstance(rate, dict):
        rate = SCHEDULES[rate["type"]](step, rate)
    if options["weight_decay"]:
        for parameter in parameters:
            parameter *= 1 - rate * options["weight_decay"]
    rule(step + 1, rate)


def follow(averages: Tensors, parameters: Tensors, keep: float) -> None:
    """Keras's running mean of the parameters, which begins with the first step's result."""
    for average, parameter in zip(averages, parameters, strict=True):
        average.mul_(keep).add_(parameter, alpha=1 - keep)


def main(tasks: str, results: str) -> None:
    torch.set_num_threads(1)
    found = {}
    for number, task in read_tasks(Path(tasks)).items():
        for precision in ("float32", "float64"):
            found[number, precision] = train(task, getattr(torch, precision))
    write_results(Path(results), found)


if __name__ == "__main__":
    main(*sys.argv[1:])
