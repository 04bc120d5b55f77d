"""The tasks, trained by Keras: ``python -m differential.keras_peer TASKS RESULTS`` in the peers' interpreter.

Layers, losses, schedules and optimizers are Keras's own, gradients those of TensorFlow.
"""

import os
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "tensorflow"
os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")

import keras
import numpy as np
import tensorflow as tf
from keras.src import backend
from keras.src.backend.common import dtypes

from differential.exchange import Result, Task, read_tasks, write_results

Options = Mapping[str, Any]


def stay_in_float64() -> None:
    """Keep Keras's numbers in the precision that was asked for.

    Unless told otherwise, Keras makes float32 of the results of many functions of float64; and TensorFlow makes float32
    of Python's numbers, such as the 0.9 of an optimizer, before Keras makes float64 of them.
    """
    dtypes.BIT64_TO_BIT32_DTYPE.clear()
    for name in ("cast", "convert_to_tensor"):
        setattr(backend.core, name, _exactly(getattr(backend.core, name)))


def _exactly(convert: Callable[..., Any]) -> Callable[..., Any]:
    def converted(x: Any, *args: Any, **kwargs: Any) -> Any:
        return convert(_as_number(x), *args, **kwargs)

    return converted


def _as_number(x: Any) -> Any:
    """In float64, a Python float as NumPy's, whose precision TensorFlow respects; anything else as it is."""
    return np.float64(x) if isinstance(x, float) and keras.config.floatx() == "float64" else x


def _activation(name: str, **given: Any) -> Callable[[Options], Any]:
    return lambda options: keras.layers.Activation(lambda x: getattr(keras.activations, name)(x, **given))


def _exact_gelu(x: Any) -> Any:
    return x * (1 + keras.ops.erf(x / np.sqrt(2))) / 2


def _exact_leaky_relu(slope: float) -> Any:
    return keras.layers.Activation(lambda x: keras.ops.where(x > 0, x, x * slope))


def _in_either(own: Callable[[Options], Any], exact: Callable[[Options], Any]) -> Callable[[Options], Any]:
    """Keras's own in float32; in float64 the formula, where TensorFlow computes with constants of float32 even then."""
    return lambda options: (own if keras.config.floatx() == "float32" else exact)(options)


ACTIVATIONS: dict[str, Callable[[Options], Any]] = {
    "elu": lambda options: keras.layers.ELU(options["alpha"]),
    "gelu": _in_either(_activation("gelu", approximate=False), lambda options: keras.layers.Activation(_exact_gelu)),
    "leaky_relu": _in_either(
        lambda options: keras.layers.LeakyReLU(negative_slope=options["negative_slope"]),
        lambda options: _exact_leaky_relu(options["negative_slope"]),
    ),
    "linear": _activation("linear"),
    "relu": lambda options: keras.layers.ReLU(),
    "sigmoid": _activation("sigmoid"),
    "softmax": lambda options: keras.layers.Softmax(),
    "softplus": _activation("softplus"),
    "tanh": _activation("tanh"),
}
LOSSES: dict[str, Callable[[Options], Any]] = {
    # From logits: what goes into the last activation. From probabilities Keras clips them, by 1e-7.
    "binary_crossentropy": lambda options: keras.losses.BinaryCrossentropy(from_logits=True),
    "categorical_crossentropy": lambda options: keras.losses.CategoricalCrossentropy(from_logits=True),
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


def build(task: Task) -> tuple[Any, dict[str, Dropout]]:
    """The network with the task's weights, without a last activation that the loss contains; and its dropout layers."""
    layers: list[Any] = [keras.layers.Input(task.x.shape[1:])]
    dropouts = {}
    described = task.description["layers"]
    for index, options in enumerate(described):
        skip = index == len(described) - 1 and task.description["loss"]["type"] in JOINED
        match options["type"]:
            case "dense":
                layers.append(keras.layers.Dense(options["units"], use_bias=options["use_bias"]))
                if not skip:
                    layers.append(ACTIVATIONS[options["activation"]["type"]](options["activation"]))
            case "flatten":
                layers.append(keras.layers.Flatten())
            case "reshape":
                layers.append(keras.layers.Reshape(options["target_shape"]))
            case "dropout":
                dropouts[str(index)] = Dropout(options["rate"])
                layers.append(dropouts[str(index)].layer())
            case name if not skip:
                layers.append(ACTIVATIONS[name](options))
    model = keras.Sequential(layers)
    for variable, weight in zip(model.trainable_variables, task.weights.values(), strict=True):
        variable.assign(weight)
    return model, dropouts


def make_optimizer(options: Options) -> Any:
    options = {name: _as_number(value) for name, value in options.items()}
    given = {name: value for name, value in options.items() if name not in ("type", "clip_norm", "learning_rate")}
    rate = options["learning_rate"]
    if isinstance(rate, dict):
        rate = SCHEDULES[rate["type"]](**{name: value for name, value in rate.items() if name != "type"})
    return OPTIMIZERS[options["type"]](learning_rate=rate, global_clipnorm=options["clip_norm"], **given)


def train(task: Task, precision: str) -> Result:
    """Take all the task's steps in one precision."""
    keras.config.set_floatx(precision)
    keras.config.set_dtype_policy(precision)
    model, dropouts = build(task)
    loss = LOSSES[task.description["loss"]["type"]](task.description["loss"])
    optimizer = make_optimizer(task.description["optimizer"])
    x = task.x.astype(precision)
    target = task.target if task.target.dtype.kind == "i" else task.target.astype(precision)
    alike, importance = bool((task.importance == 1).all()), task.importance.astype(precision)
    losses, start = [], 0
    for count in task.counts:
        place = slice(start, start + count)
        rows = task.order[place]
        start += count
        for name, dropout in dropouts.items():
            dropout.stays = tf.constant(task.masks[name][place].astype(precision))
        with tf.GradientTape() as tape:
            value = loss(target[rows], model(x[rows], training=True), None if alike else importance[rows])
        gradients = tape.gradient(value, model.trainable_variables, unconnected_gradients="zero")
        optimizer.apply(gradients, model.trainable_variables)
        losses.append(float(value))
    weights = (variable.numpy() for variable in model.trainable_variables)
    return Result(np.array(losses), dict(zip(task.weights, weights, strict=True)))


def main(tasks: str, results: str) -> None:
    stay_in_float64()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    found = {}
    for number, task in read_tasks(Path(tasks)).items():
        for precision in ("float32", "float64"):
            found[number, precision] = train(task, precision)
    write_results(Path(results), found)


if __name__ == "__main__":
    main(*sys.argv[1:])
