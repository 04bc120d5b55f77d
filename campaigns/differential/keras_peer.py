"""The tasks, trained by Keras: ``python -m campaigns.differential.keras_peer TASKS RESULTS`` in the peers' interpreter.

Network, loss, schedule and optimizer are made by the code that `mltrain code` prints. Arithmetic and gradients below
them are PyTorch's: with JAX each new shape takes seconds to compile, and TensorFlow has constants of float32 in what it
computes in float64.
"""

import os
import sys
from functools import partial
from pathlib import Path
from typing import Any, ClassVar

os.environ["KERAS_BACKEND"] = "torch"

import keras
import numpy as np
import torch
from keras.src.backend.common import dtypes
from keras.src.backend.torch import nn
from keras.src.backend.torch.optimizers.torch_parallel_optimizer import TorchParallelOptimizer
from keras.src.losses.losses import LossFunctionWrapper

from campaigns.differential.exchange import Result, Task, read_tasks, write_results


class Dropout(keras.layers.Layer):  # type: ignore[misc]
    """Dropout of what is given before each step, in place of what Keras would draw."""

    made: ClassVar[list["Dropout"]] = []

    def __init__(self, rate: float, **options: Any):
        super().__init__(**options)
        self.rate, self.stays = rate, 1.0
        Dropout.made.append(self)

    def call(self, x: Any) -> Any:
        return x * self.stays / (1 - self.rate)


def average_pooling(pooling: Any) -> Any:
    """Keras's pooling, whose padding does not count. On PyTorch, Keras repeats the border where it pads unevenly."""

    class AveragePooling(pooling):  # type: ignore[misc]
        def call(self, x: Any) -> Any:
            if self.padding == "valid":
                return super().call(x)
            pads = []
            for length, size, stride in zip(x.shape[1:-1], self.pool_size, self.strides, strict=True):
                total = max(0, (-(-length // stride) - 1) * stride + size - length)
                pads.append((total // 2, total - total // 2))
            sums, shares = (
                keras.ops.average_pool(keras.ops.pad(one, [(0, 0), *pads, (0, 0)]), self.pool_size, self.strides)
                for one in (x, keras.ops.ones_like(x))
            )
            return sums / shares

    return AveragePooling


def train(task: Task, precision: str) -> Result:
    """Take all the task's steps in one precision."""
    keras.config.set_floatx(precision)
    keras.config.set_dtype_policy(precision)
    keras.utils.clear_session()  # layers are counted anew, by which they are called
    Dropout.made.clear()
    code = task.description
    names: dict[str, Any] = {"keras": keras, "np": np, "weights": task.weights}
    for part in ("network", "weights", "training"):
        exec(code[part], names)  # written by mltrain
    model, loss, optimizer = (names[name] for name in ("model", "loss_function", "optimizer"))
    if not isinstance(loss, keras.losses.Loss):
        loss = LossFunctionWrapper(loss)
    dropouts = dict(zip(code["dropouts"], Dropout.made, strict=True))
    dtype = getattr(torch, precision)
    x, target = torch.tensor(task.x, dtype=dtype), torch.tensor(task.target)
    target = target.to(dtype) if target.is_floating_point() else target
    masks = {name: torch.tensor(mask, dtype=dtype) for name, mask in task.masks.items()}
    alike, importance = bool((task.importance == 1).all()), torch.tensor(task.importance, dtype=dtype)
    variables = model.trainable_variables
    losses = []
    for place, share, last in task.batches():
        rows = torch.tensor(task.order[place])
        for name, dropout in dropouts.items():
            dropout.stays = masks[name][place]
        value = loss(target[rows], model(x[rows], training=True), None if alike else importance[rows])
        value = sum(model.losses, value)
        losses.append(value.item())
        (value * share).backward()
        if last:
            with torch.no_grad():
                optimizer.apply([variable.value.grad for variable in variables], variables)
            for variable in variables:
                variable.value.grad = None
    optimizer.finalize_variable_values(variables)
    weights = {
        f"{layer.name}.{weight.name}": weight.value.detach().numpy()
        for layer in model.layers
        for weight in layer.weights
    }
    return Result(np.array(losses), {name: weights[name] for name in task.weights})


def main(tasks: str, results: str) -> None:
    torch.set_num_threads(1)
    keras.layers.Dropout = Dropout
    for name in ("AveragePooling1D", "AveragePooling2D"):
        setattr(keras.layers, name, average_pooling(getattr(keras.layers, name)))
    # Above its threshold PyTorch leaves the exponential out; 20, the default, would show in float64.
    nn.softplus = partial(torch.nn.functional.softplus, threshold=40)
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
