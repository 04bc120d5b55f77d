"""The tasks, trained by Keras: ``python -m campaigns.differential.keras_peer TASKS RESULTS`` in the peers' interpreter.

Layers, losses, schedules and optimizers are Keras's own. Arithmetic and gradients below them are PyTorch's: with JAX
each new shape takes seconds to compile, and TensorFlow has constants of float32 in what it computes in float64.
"""

import math
import os
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from keras.src.backend.common import dtypes
from keras.src.backend.torch import nn
from keras.src.backend.torch.optimizers.torch_parallel_optimizer import TorchParallelOptimizer

from campaigns.differential.exchange import Result, Task, read_tasks, write_results

Options = Mapping[str, Any]


def _activation(name: str, **given: Any) -> Callable[[Options], Any]:
    return lambda options: keras.layers.Activation(lambda x: getattr(keras.activations, name)(x, **given))


ACTIVATIONS: dict[str, Callable[[Options], Any]] = {
    "elu": lambda options: keras.layers.ELU(options["alpha"]),
    "gelu": _activation("gelu", approximate=False),
    "leaky_relu": lambda options: keras.layers.LeakyReLU(negative_slope=options["negative_slope"]),
    "linear": _activation("linear"),
    "relu": lambda options: keras.layers.ReLU(),
    "sigmoid": _activation("sigmoid"),
    "softmax": lambda options: keras.layers.Softmax(),
    # PyTorch's, as Keras's is here, but for its threshold: above 20 it would leave the exponential out.
    "softplus": lambda options: keras.layers.Activation(partial(torch.nn.functional.softplus, threshold=40)),
    "tanh": _activation("tanh"),
}
LOSSES: dict[str, Callable[[Options], Any]] = {
    # From logits: what goes into the last activation. From probabilities Keras clips them, by 1e-7.
    "binary_crossentropy": lambda options: keras.losses.BinaryCrossentropy(from_logits=True),
    "categorical_crossentropy": lambda options: keras.losses.CategoricalCrossentropy(
        from_logits=True, label_smoothing=options["label_smoothing"]
    ),
    "hinge": lambda options: keras.losses.Hinge(),
    "huber": lambda options: keras.losses.Huber(delta=options["delta"]),
    "mean_absolute_error": lambda options: keras.losses.MeanAbsoluteError(),
    "mean_squared_error": lambda options: keras.losses.MeanSquaredError(),
    "sparse_categorical_crossentropy": lambda options: keras.losses.SparseCategoricalCrossentropy(from_logits=True),
}
JOINED = {"binary_crossentropy", "categorical_crossentropy", "sparse_categorical_crossentropy"}
OPTIMIZERS = {
    "adagrad": keras.optimizers.Adagrad,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "lion": keras.optimizers.Lion,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "sgd": keras.optimizers.SGD,
}
REGULARIZERS = {
    "l1": keras.regularizers.L1,
    "l1_l2": keras.regularizers.L1L2,
    "l2": keras.regularizers.L2,
}
SCHEDULES = {
    "cosine_decay": keras.optimizers.schedules.CosineDecay,
    "exponential_decay": keras.optimizers.schedules.ExponentialDecay,
    "piecewise": keras.optimizers.schedules.PiecewiseConstantDecay,
}


@dataclass
class Dropout:
    """Dropout of what is given before each step, in place of what Keras would draw."""

    rate: float
    stays: Any = 1.0

    def layer(self) -> Any:
        return keras.layers.Activation(lambda x: x * self.stays / (1 - self.rate))


class PeriodicEmbedding(keras.layers.Layer):  # type: ignore[misc]
    """The formula, written with Keras's operations: Keras has no such layer."""

    def __init__(self, output_dim: int, frequencies: int, trainable: bool):
        super().__init__(trainable=trainable)
        self._sums, self._frequencies = output_dim - 1, frequencies

    def build(self, shape: Sequence[int]) -> None:
        inputs = shape[-1]
        self.frequencies = self.add_weight((inputs, self._frequencies), name="frequencies")
        self.phases = self.add_weight((inputs, self._frequencies), name="phases")
        self.kernel = self.add_weight((inputs, self._frequencies, self._sums), name="kernel")
        self.bias = self.add_weight((inputs, self._sums), name="bias")

    def call(self, x: Any) -> Any:
        cosines = keras.ops.cos(2 * math.pi * x[:, :, None] * self.frequencies + self.phases)
        sums = keras.ops.einsum("rif,ifo->rio", cosines, self.kernel) + self.bias
        both = keras.ops.concatenate((x[:, :, None], sums), axis=2)
        return keras.ops.reshape(both, (-1, x.shape[1] * (self._sums + 1)))


MERGES = {
    "add": lambda options: keras.layers.Add(),
    "average": lambda options: keras.layers.Average(),
    "concatenate": lambda options: keras.layers.Concatenate(axis=options["axis"]),
    "multiply": lambda options: keras.layers.Multiply(),
}
WITH_WEIGHTS: dict[str, tuple[Any, Sequence[str]]] = {
    "batch_normalization": (
        keras.layers.BatchNormalization,
        ("momentum", "epsilon", "center", "scale", "trainable"),
    ),
    "conv1d": (keras.layers.Conv1D, ("filters", "kernel_size", "strides", "padding", "use_bias", "trainable")),
    "conv2d": (keras.layers.Conv2D, ("filters", "kernel_size", "strides", "padding", "use_bias", "trainable")),
    "dense": (keras.layers.Dense, ("units", "use_bias", "trainable")),
    "depthwise_conv2d": (
        keras.layers.DepthwiseConv2D,
        ("kernel_size", "strides", "padding", "depth_multiplier", "use_bias", "trainable"),
    ),
    "embedding": (keras.layers.Embedding, ("input_dim", "output_dim", "trainable")),
    "layer_normalization": (keras.layers.LayerNormalization, ("epsilon", "center", "scale", "trainable")),
    "periodic_embedding": (PeriodicEmbedding, ("output_dim", "frequencies", "trainable")),
}
"""Layers with weights, and the options of mltrain's that they take as they are."""


_POOLING = ("pool_size", "strides", "padding")
WITHOUT_WEIGHTS: dict[str, tuple[Any, Sequence[str]]] = {
    "average_pooling1d": (keras.layers.AveragePooling1D, _POOLING),
    "average_pooling2d": (keras.layers.AveragePooling2D, _POOLING),
    "flatten": (keras.layers.Flatten, ()),
    "global_average_pooling1d": (keras.layers.GlobalAveragePooling1D, ()),
    "global_average_pooling2d": (keras.layers.GlobalAveragePooling2D, ()),
    "global_max_pooling1d": (keras.layers.GlobalMaxPooling1D, ()),
    "global_max_pooling2d": (keras.layers.GlobalMaxPooling2D, ()),
    "max_pooling1d": (keras.layers.MaxPooling1D, _POOLING),
    "max_pooling2d": (keras.layers.MaxPooling2D, _POOLING),
    "reshape": (keras.layers.Reshape, ("target_shape",)),
}
"""The others, likewise."""


class Network:
    """Keras's network with the task's weights, without a last activation that the loss contains."""

    def __init__(self, task: Task):
        self._described = task.description["layers"]
        self._joined = task.description["loss"]["type"] in JOINED
        self.dropouts: dict[str, Dropout] = {}
        self.weights: list[Any] = []
        first = x = keras.layers.Input(task.x.shape[1:])
        named = {"input": first}
        for index, options in enumerate(self._described):
            given = [named[name] for name in options["inputs"]] if options["inputs"] else [x]
            x = self._apply(index, options, given)
            named[options["name"]] = x
        self.model = keras.Model(first, x)
        for variable, weight in zip(self.weights, task.weights.values(), strict=True):
            variable.assign(weight)

    def _apply(self, index: int, options: Options, given: Sequence[Any]) -> Any:
        skip = index == len(self._described) - 1 and self._joined
        name = options["type"]
        if name in MERGES:
            return MERGES[name](options)(given)
        if name in WITH_WEIGHTS:
            layer = with_weights(options)
            x = layer(*given)
            self.weights += layer.weights
            carries = "activation" in options and not skip
            return ACTIVATIONS[options["activation"]["type"]](options["activation"])(x) if carries else x
        if name in ("average_pooling1d", "average_pooling2d") and options["padding"] == "same":
            return keras.layers.Lambda(partial(average_pooling, options=options))(*given)
        if name in WITHOUT_WEIGHTS:
            layer, names = WITHOUT_WEIGHTS[name]
            return layer(**{option: options[option] for option in names})(*given)
        if name == "zero_padding2d":
            top, bottom, left, right = options["padding"]
            return keras.layers.ZeroPadding2D(((top, bottom), (left, right)))(*given)
        if name == "dropout":
            self.dropouts[str(index)] = Dropout(options["rate"])
            return self.dropouts[str(index)].layer()(*given)
        return given[0] if skip else ACTIVATIONS[name](options)(*given)


def average_pooling(x: Any, options: Options) -> Any:
    """Keras's with padding, which does not count. On PyTorch, Keras repeats the border where it pads unevenly."""
    axes, sizes, strides = x.ndim - 2, options["pool_size"], options["strides"] or options["pool_size"]
    sizes, strides = ([one] * axes if isinstance(one, int) else list(one) for one in (sizes, strides))
    pads = []
    for length, size, stride in zip(x.shape[1:-1], sizes, strides, strict=True):
        total = max(0, (-(-length // stride) - 1) * stride + size - length)
        pads.append((total // 2, total - total // 2))
    sums, shares = (
        keras.ops.average_pool(keras.ops.pad(one, [(0, 0), *pads, (0, 0)]), sizes, strides)
        for one in (x, keras.ops.ones_like(x))
    )
    return sums / shares


def with_weights(options: Options) -> Any:
    """A layer with weights, with the options that it has in common with mltrain's, and its regularizers."""
    layer, names = WITH_WEIGHTS[options["type"]]
    regularizers = {
        name: make(REGULARIZERS, value)
        for name, value in options.items()
        if name.endswith("_regularizer") and value is not None
    }
    return layer(**{name: options[name] for name in names}, **regularizers)


def make(members: Mapping[str, Any], options: Options) -> Any:
    """What the options name, made with all of them but the name."""
    return members[options["type"]](**{name: value for name, value in options.items() if name != "type"})


def make_optimizer(options: Options) -> Any:
    given = {name: value for name, value in options.items() if name not in ("type", "clip_norm", "learning_rate")}
    rate = options["learning_rate"]
    if isinstance(rate, dict):
        rate = make(SCHEDULES, rate)
    return OPTIMIZERS[options["type"]](learning_rate=rate, global_clipnorm=options["clip_norm"], **given)


def train(task: Task, precision: str) -> Result:
    """Take all the task's steps in one precision."""
    keras.config.set_floatx(precision)
    keras.config.set_dtype_policy(precision)
    network = Network(task)
    model = network.model
    loss = LOSSES[task.description["loss"]["type"]](task.description["loss"])
    optimizer = make_optimizer(task.description["optimizer"])
    dtype = getattr(torch, precision)
    x, target = torch.tensor(task.x, dtype=dtype), torch.tensor(task.target)
    target = target.to(dtype) if target.is_floating_point() else target
    masks = {name: torch.tensor(mask, dtype=dtype) for name, mask in task.masks.items()}
    alike, importance = bool((task.importance == 1).all()), torch.tensor(task.importance, dtype=dtype)
    variables = model.trainable_variables
    losses = []
    for place, share, last in task.batches():
        rows = torch.tensor(task.order[place])
        for name, dropout in network.dropouts.items():
            dropout.stays = masks[name][place]
        value = loss(target[rows], model(x[rows], training=True), None if alike else importance[rows])
        value = sum(model.losses, value)
        losses.append(value.item())
        (value * share).backward()
        if last:
            with torch.no_grad():
                optimizer.apply([_gradient(variable.value) for variable in variables], variables)
            for variable in variables:
                variable.value.grad = None
    optimizer.finalize_variable_values(variables)
    weights = (variable.value.detach().numpy() for variable in network.weights)
    return Result(np.array(losses), dict(zip(task.weights, weights, strict=True)))


def _gradient(value: Any) -> Any:
    """The gradient by a variable: zeros where nothing behind it has a slope."""
    return torch.zeros_like(value) if value.grad is None else value.grad


def main(tasks: str, results: str) -> None:
    torch.set_num_threads(1)
    # For PyTorch Keras has each rule a second time, for many arrays at once. Without, it takes the one of all backends.
    del TorchParallelOptimizer._backend_update_step
    # Keras makes float32 of the results of many functions of float64 unless it is told otherwise.
    dtypes.BIT64_TO_BIT32_DTYPE.clear()
    # Keras lays images and kernels out with channels last, for speed. PyTorch has no gradient of those in float64.
    nn._maybe_convert_to_channels_last = partial(torch.clone, memory_format=torch.contiguous_format)
    found = {}
    for number, task in read_tasks(Path(tasks)).items():
        for precision in ("float32", "float64"):
            found[number, precision] = train(task, precision)
    write_results(Path(results), found)


if __name__ == "__main__":
    main(*sys.argv[1:])
