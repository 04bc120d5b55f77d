"""The tasks, trained by PyTorch: the peers' interpreter runs ``-m campaigns.differential.torch_peer TASKS RESULTS``.

Where PyTorch's own definition is not Keras's, the formula is written out, and the gradients remain PyTorch's.
"""

import math
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import torch
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


MERGES: dict[str, Callable[[Any, Options], Any]] = {
    "add": lambda xs, options: torch.stack(xs).sum(0),
    "average": lambda xs, options: torch.stack(xs).mean(0),
    "concatenate": lambda xs, options: torch.cat(xs, dim=options["axis"]),
    "multiply": lambda xs, options: torch.stack(xs).prod(0),
}


def batch_normalization(x: Any, p: Mapping[str, Any], options: Options) -> Any:
    """Keras's, whose moving variance follows the variance of the batch itself."""
    mean, variance = p["moving_mean"], p["moving_variance"]
    if options["trainable"]:
        others = tuple(range(x.ndim - 1))  # all axes but the channels
        mean, variance = x.mean(others), x.var(others, unbiased=False)
        with torch.no_grad():
            for moving, value in ((p["moving_mean"], mean), (p["moving_variance"], variance)):
                moving.mul_(options["momentum"]).add_(value, alpha=1 - options["momentum"])
    x = (x - mean) / torch.sqrt(variance + options["epsilon"])
    return x * p.get("gamma", 1) + p.get("beta", 0)


def _pair(lengths: Any) -> list[int]:
    """Height and width; of a sequence, which is an image one row high, the steps are the width."""
    return [1, lengths] if isinstance(lengths, int) else list(lengths)


def padded(x: Any, size: Sequence[int], options: Options, value: float = 0.0) -> Any:
    """Images with their channels first, padded as Keras does."""
    x = x.movedim(-1, 1)
    if options["padding"] == "valid":
        return x
    pads: list[int] = []
    lengths = zip(x.shape[:1:-1], size[::-1], _pair(options["strides"])[::-1], strict=True)
    for length, one, stride in lengths:
        total = max(0, (-(-length // stride) - 1) * stride + one - length)
        pads += [total // 2, total - total // 2]
    return functional.pad(x, pads, value=value)


def convolution(x: Any, kernel: Any, p: Mapping[str, Any], options: Options, groups: int = 1) -> Any:
    x = padded(x, kernel.shape[:2], options)
    # PyTorch has no gradient in float64 of arrays that lie in memory as if channels came last.
    x, kernel = (one.clone(memory_format=torch.contiguous_format) for one in (x, kernel.permute(3, 2, 0, 1)))
    y = functional.conv2d(x, kernel, p.get("bias"), _pair(options["strides"]), groups=groups)
    return y.movedim(1, -1)


def depthwise(x: Any, p: Mapping[str, Any], options: Options) -> Any:
    height, width, channels, multiplier = p["kernel"].shape
    kernel = p["kernel"].reshape(height, width, 1, channels * multiplier)
    return convolution(x, kernel, p, options, groups=channels)


def max_pooling(x: Any, options: Options) -> Any:
    size = _pair(options["pool_size"])
    return functional.max_pool2d(padded(x, size, options, -math.inf), size, _pair(options["strides"])).movedim(1, -1)


def average_pooling(x: Any, options: Options) -> Any:
    """Padding counts for nothing."""
    size, strides = _pair(options["pool_size"]), _pair(options["strides"])
    sums, counts = (functional.avg_pool2d(padded(one, size, options), size, strides) for one in (x, torch.ones_like(x)))
    return (sums / counts).movedim(1, -1)


WITHOUT_WEIGHTS: dict[str, Callable[[Any, Options], Any]] = {
    "average_pooling1d": lambda x, options: average_pooling(x[:, None], options)[:, 0],
    "average_pooling2d": average_pooling,
    "flatten": lambda x, options: x.flatten(1),
    "global_average_pooling1d": lambda x, options: x.mean(1),
    "global_average_pooling2d": lambda x, options: x.flatten(1, 2).mean(1),
    "global_max_pooling1d": lambda x, options: x.max(1).values,
    "global_max_pooling2d": lambda x, options: x.flatten(1, 2).max(1).values,
    "max_pooling1d": lambda x, options: max_pooling(x[:, None], options)[:, 0],
    "max_pooling2d": max_pooling,
    "reshape": lambda x, options: x.reshape(len(x), *options["target_shape"]),
    "zero_padding2d": lambda x, options: functional.pad(x, (0, 0, *options["padding"][2:], *options["padding"][:2])),
}


def periodic_embedding(x: Any, p: Mapping[str, Any]) -> Any:
    cosines = torch.cos(2 * math.pi * x[:, :, None] * p["frequencies"] + p["phases"])
    sums = torch.einsum("rif,ifo->rio", cosines, p["kernel"]) + p["bias"]
    return torch.cat((x[:, :, None], sums), dim=2).flatten(1)


WITH_WEIGHTS: dict[str, Callable[[Any, Mapping[str, Any], Options], Any]] = {
    "batch_normalization": batch_normalization,
    "conv1d": lambda x, p, options: convolution(x[:, None], p["kernel"][None], p, options)[:, 0],
    "conv2d": lambda x, p, options: convolution(x, p["kernel"], p, options),
    "dense": lambda x, p, options: functional.linear(x, p["kernel"].T, p.get("bias")),
    "depthwise_conv2d": lambda x, p, options: depthwise(x, p, options),
    "embedding": lambda x, p, options: functional.embedding(x.long(), p["embeddings"]),
    "layer_normalization": lambda x, p, options: functional.layer_norm(
        x, x.shape[-1:], p.get("gamma"), p.get("beta"), options["epsilon"]
    ),
    "periodic_embedding": lambda x, p, options: periodic_embedding(x, p),
}
STATISTICS = {"moving_mean", "moving_variance"}


def _has_weights(layer: Options) -> bool:
    is_empty = layer["type"] == "layer_normalization" and not (layer["center"] or layer["scale"])
    return layer["type"] in WITH_WEIGHTS and not is_empty


def _regularizer(layer: Options, name: str) -> Options | None:
    """The regularizer of a parameter: of a depthwise kernel, the option has another name."""
    own = "depthwise" if layer["type"] == "depthwise_conv2d" and name == "kernel" else name
    return layer.get(f"{own}_regularizer")


class Network:
    """The layers of a task. What dropout lets pass is given."""

    def __init__(self, task: Task):
        self._layers = task.description["layers"]
        self._without_last_activation = task.description["loss"]["type"] in JOINED
        self._parameters = {
            name: torch.tensor(array, dtype=torch.get_default_dtype()) for name, array in task.weights.items()
        }
        # They come in the order of the layers; what stands before the dot names the layer.
        owners = list(dict.fromkeys(name.partition(".")[0] for name in self._parameters))
        with_weights = [index for index, layer in enumerate(self._layers) if _has_weights(layer)]
        self._own: dict[int, dict[str, Any]] = {
            index: {
                name.partition(".")[2]: parameter
                for name, parameter in self._parameters.items()
                if name.partition(".")[0] == owner
            }
            for index, owner in zip(with_weights, owners, strict=True)
        }
        self.trained = [
            parameter.requires_grad_()
            for index, own in self._own.items()
            for name, parameter in own.items()
            if self._layers[index]["trainable"] and name not in STATISTICS
        ]

    def weights(self) -> dict[str, Any]:
        """All parameters by their names in the task."""
        return {name: parameter.detach().numpy() for name, parameter in self._parameters.items()}

    def penalty(self) -> Any:
        """What the trained parameters cost that a regularizer keeps small."""
        return sum(
            REGULARIZERS[regularizer["type"]](parameter, regularizer)
            for index, own in self._own.items()
            for name, parameter in own.items()
            if parameter.requires_grad
            if (regularizer := _regularizer(self._layers[index], name)) is not None
        )

    def __call__(self, x: Any, masks: Mapping[str, Any]) -> Any:
        named = {"input": x}
        for index, layer in enumerate(self._layers):
            xs = [named[name] for name in layer["inputs"]] if layer["inputs"] else [x]
            x = named[layer["name"]] = self._apply(index, layer, xs, masks)
        return x

    def _apply(self, index: int, layer: Options, xs: Sequence[Any], masks: Mapping[str, Any]) -> Any:
        skip = self._without_last_activation and index == len(self._layers) - 1
        name, x = layer["type"], xs[0]
        if name in MERGES:
            return MERGES[name](list(xs), layer)
        if name in WITH_WEIGHTS:
            x = WITH_WEIGHTS[name](x, self._own.get(index, {}), layer)
            carries = "activation" in layer and not skip
            return ACTIVATIONS[layer["activation"]["type"]](x, layer["activation"]) if carries else x
        if name in WITHOUT_WEIGHTS:
            return WITHOUT_WEIGHTS[name](x, layer)
        if name == "dropout":
            return x * masks[str(index)] / (1 - layer["rate"])
        return x if skip else ACTIVATIONS[name](x, layer)


def train(task: Task, dtype: Any) -> Result:
    """Take all the task's steps in one precision."""
    torch.set_default_dtype(dtype)
    model = Network(task)
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
