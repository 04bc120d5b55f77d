"""Write trajectories.json: what Keras 3 computes, for test_keras.py to compare mltrain with.

    python make_trajectories.py

The Python that runs it needs keras and jax; the tests need neither. Everything is computed in float64, where two right
implementations agree to a dozen digits and a misplaced epsilon cannot hide in rounding.

The options are written in mltrain's words, as the tests read them; the tables below translate.
"""

import json
import os
from pathlib import Path
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"
os.environ["JAX_ENABLE_X64"] = "1"

import jax
import keras
import numpy as np
from keras.src.backend.common import dtypes

# Keras makes float32 of the results of many functions of float64 (tanh, sqrt ...), as JAX does unless told otherwise.
dtypes.BIT64_TO_BIT32_DTYPE.clear()

TARGET = Path(__file__).with_name("trajectories.json")
ROWS, INPUTS, HIDDEN, OUTPUTS = 5, 3, 4, 2
RECORDED_STEPS = (1, 2, 10, 20)

SCHEDULES: dict[str, Any] = {
    "exponential_decay": keras.optimizers.schedules.ExponentialDecay,
    "cosine_decay": keras.optimizers.schedules.CosineDecay,
    "piecewise": keras.optimizers.schedules.PiecewiseConstantDecay,
}
OPTIMIZERS: dict[str, Any] = {
    "sgd": keras.optimizers.SGD,
    "adam": keras.optimizers.Adam,
    "adamw": keras.optimizers.AdamW,
    "nadam": keras.optimizers.Nadam,
    "rmsprop": keras.optimizers.RMSprop,
    "adagrad": keras.optimizers.Adagrad,
    "lion": keras.optimizers.Lion,
}
LOSSES: dict[str, Any] = {
    "mean_squared_error": keras.losses.MeanSquaredError,
    "mean_absolute_error": keras.losses.MeanAbsoluteError,
    "huber": keras.losses.Huber,
    "binary_crossentropy": keras.losses.BinaryCrossentropy,
    "categorical_crossentropy": keras.losses.CategoricalCrossentropy,
    "sparse_categorical_crossentropy": keras.losses.SparseCategoricalCrossentropy,
    "hinge": keras.losses.Hinge,
}
ACTIVATIONS: dict[str, Any] = {
    "linear": lambda: keras.layers.Activation("linear"),
    "relu": keras.layers.ReLU,
    "leaky_relu": keras.layers.LeakyReLU,
    "elu": keras.layers.ELU,
    "gelu": lambda: keras.layers.Activation("gelu"),
    "sigmoid": lambda: keras.layers.Activation("sigmoid"),
    "tanh": lambda: keras.layers.Activation("tanh"),
    "softplus": lambda: keras.layers.Activation("softplus"),
    "softmax": keras.layers.Softmax,
}
INITIALIZERS: dict[str, Any] = {
    "random_normal": keras.initializers.RandomNormal,
    "random_uniform": keras.initializers.RandomUniform,
    "truncated_normal": keras.initializers.TruncatedNormal,
    "glorot_uniform": keras.initializers.GlorotUniform,
    "glorot_normal": keras.initializers.GlorotNormal,
    "he_uniform": keras.initializers.HeUniform,
    "he_normal": keras.initializers.HeNormal,
    "lecun_uniform": keras.initializers.LecunUniform,
    "lecun_normal": keras.initializers.LecunNormal,
    "orthogonal": keras.initializers.Orthogonal,
}

REGULARIZERS: dict[str, Any] = {
    "l1": keras.regularizers.L1,
    "l2": keras.regularizers.L2,
    "l1_l2": keras.regularizers.L1L2,
}

EXPONENTIAL = {"type": "exponential_decay", "initial_learning_rate": 0.1, "decay_steps": 5, "decay_rate": 0.7}
STAIRCASE = EXPONENTIAL | {"staircase": True}
COSINE = {"type": "cosine_decay", "initial_learning_rate": 0.1, "decay_steps": 15}
WARMUP = COSINE | {"initial_learning_rate": 0.01, "warmup_target": 0.2, "warmup_steps": 4, "alpha": 0.1}
PIECEWISE = {"type": "piecewise", "boundaries": [3, 8], "values": [0.1, 0.05, 0.02]}
SCHEDULE_CASES = [EXPONENTIAL, STAIRCASE, COSINE, WARMUP, PIECEWISE]
SCHEDULE_STEPS = 25

OPTIMIZER_CASES: list[dict[str, Any]] = [
    {"type": "sgd"},
    {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9},
    {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9, "nesterov": True},
    {"type": "sgd", "learning_rate": 0.1, "weight_decay": 0.2},
    {"type": "sgd", "learning_rate": 0.1, "clip_norm": 0.5},
    *({"type": "sgd", "learning_rate": schedule} for schedule in SCHEDULE_CASES),
    {"type": "adam"},
    {"type": "adam", "learning_rate": 0.1, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 0.01},
    {"type": "adam", "learning_rate": COSINE, "clip_norm": 0.5},
    {"type": "adamw"},
    {"type": "adamw", "learning_rate": 0.1, "weight_decay": 0.2},
    {"type": "adamw", "learning_rate": EXPONENTIAL, "weight_decay": 0.2},
    {"type": "nadam"},
    {"type": "nadam", "learning_rate": 0.1, "beta_1": 0.7, "beta_2": 0.9, "epsilon": 0.01, "weight_decay": 0.2},
    {"type": "rmsprop"},
    {"type": "rmsprop", "learning_rate": 0.1, "rho": 0.7, "epsilon": 0.01, "weight_decay": 0.2},
    {"type": "adagrad"},
    {"type": "adagrad", "learning_rate": 0.1, "initial_accumulator_value": 0.01, "epsilon": 0.01, "weight_decay": 0.2},
    {"type": "lion"},
    {"type": "lion", "learning_rate": 0.02, "beta_1": 0.7, "beta_2": 0.9, "weight_decay": 0.2},
]
DECAYING = {"type": "adamw", "learning_rate": 0.1, "weight_decay": 0.1}
LAYER_CASES: list[tuple[dict[str, Any], dict[str, Any]]] = [
    ({"kernel_regularizer": {"type": "l2"}}, {}),
    ({"kernel_regularizer": {"type": "l1"}}, {"bias_regularizer": {"type": "l2", "l2": 0.3}}),
    ({"kernel_regularizer": {"type": "l1_l2", "l1": 0.02, "l2": 0.1}, "bias_regularizer": {"type": "l1"}}, {}),
    ({"trainable": False, "kernel_regularizer": {"type": "l2"}}, {}),
    ({}, {"trainable": False}),
]
"""Options of the hidden and of the last layer."""

AVERAGE_CASES: list[dict[str, Any]] = [
    {"type": "sgd", "learning_rate": 0.1, "momentum": 0.9, "use_ema": True},
    {"type": "adam", "learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.7},
    {"type": "adamw", "learning_rate": EXPONENTIAL, "weight_decay": 0.2, "use_ema": True, "ema_momentum": 0.5},
]
LOSS_CASES: list[tuple[dict[str, Any], str]] = [
    ({"type": "mean_squared_error"}, "linear"),
    ({"type": "mean_squared_error"}, "sigmoid"),
    ({"type": "mean_squared_error"}, "tanh"),
    ({"type": "mean_squared_error"}, "softmax"),
    ({"type": "mean_absolute_error"}, "linear"),
    ({"type": "mean_absolute_error"}, "softplus"),
    ({"type": "huber"}, "linear"),
    ({"type": "huber", "delta": 0.3}, "elu"),
    ({"type": "huber"}, "gelu"),
    ({"type": "binary_crossentropy"}, "sigmoid"),
    ({"type": "categorical_crossentropy"}, "softmax"),
    ({"type": "sparse_categorical_crossentropy"}, "softmax"),
    ({"type": "hinge"}, "linear"),
    ({"type": "hinge"}, "tanh"),
    ({"type": "hinge"}, "leaky_relu"),
]


def main() -> None:
    keras.config.set_floatx("float64")
    rng = np.random.default_rng(20)
    labels = rng.integers(0, OUTPUTS, ROWS)
    network = {
        "x": rng.normal(size=(ROWS, INPUTS)),
        "targets": {
            "numbers": rng.normal(size=(ROWS, OUTPUTS)),
            "binary": rng.integers(0, 2, (ROWS, OUTPUTS)).astype(float),
            "one_hot": np.eye(OUTPUTS)[labels],
            "labels": labels,
        },
        # In mltrain's order: kernel and bias of one layer after the other.
        "weights": rng.normal(size=INPUTS * HIDDEN + HIDDEN + HIDDEN * OUTPUTS + OUTPUTS),
    }
    grid = np.concatenate((np.linspace(-12, 12, 24), rng.normal(size=16))).reshape(-1, 4)
    reference = {
        "keras": keras.__version__,
        "network": {"inputs": INPUTS, "hidden": HIDDEN, "outputs": OUTPUTS, "hidden_activation": "tanh", **network},
        "optimizers": [
            {"optimizer": case, "steps": trajectory(network, case, {"type": "mean_squared_error"}, "linear")}
            for case in OPTIMIZER_CASES
        ],
        "averages": [
            {"optimizer": case, "steps": trajectory(network, case, {"type": "mean_squared_error"}, "linear")}
            for case in AVERAGE_CASES
        ],
        "layers": [
            {
                "optimizer": DECAYING,
                "hidden": hidden,
                "last": last,
                "steps": trajectory(network, DECAYING, {"type": "mean_squared_error"}, "linear", hidden, last),
            }
            for hidden, last in LAYER_CASES
        ],
        "losses": [
            {
                "loss": loss,
                "activation": activation,
                "steps": trajectory(network, {"type": "sgd", "learning_rate": 0.1}, loss, activation),
            }
            for loss, activation in LOSS_CASES
        ],
        "schedules": [
            {"schedule": case, "rates": [float(schedule(case)(step)) for step in range(SCHEDULE_STEPS)]}
            for case in SCHEDULE_CASES
        ],
        "grid": grid,
        "activations": {name: values_and_slopes(name, grid) for name in ACTIVATIONS},
        "initializers": {name: spread(name) for name in INITIALIZERS},
    }
    TARGET.write_text(json.dumps(reference, default=lambda array: array.tolist(), indent=None) + "\n")
    print(f"{TARGET}: {TARGET.stat().st_size} bytes")


def trajectory(
    network: dict[str, Any],
    optimizer: dict[str, Any],
    loss: dict[str, Any],
    activation: str,
    hidden: dict[str, Any] | None = None,
    last: dict[str, Any] | None = None,
) -> Any:
    """Loss before, and weights after, some of the steps of training by full batches.

    Where the optimizer keeps a running mean of the weights, the mean takes their place.
    """
    model = keras.Sequential(
        [
            keras.layers.Input((INPUTS,)),
            keras.layers.Dense(HIDDEN, activation="tanh", **layer_options(hidden or {})),
            keras.layers.Dense(OUTPUTS, **layer_options(last or {})),
            ACTIVATIONS[activation](),
        ]
    )
    shapes = [variable.shape for variable in model.weights]
    cuts = np.cumsum([np.prod(shape) for shape in shapes])[:-1]
    for variable, values in zip(model.weights, np.split(network["weights"], cuts), strict=True):
        variable.assign(values.reshape(variable.shape))
    kind = {
        "binary_crossentropy": "binary",
        "hinge": "binary",
        "categorical_crossentropy": "one_hot",
        "sparse_categorical_crossentropy": "labels",
    }.get(loss["type"], "numbers")
    target = network["targets"][kind]
    function = LOSSES[loss["type"]](**{name: value for name, value in loss.items() if name != "type"})

    def objective(values: Any) -> Any:
        others = [variable.value for variable in model.non_trainable_variables]
        y, _, penalties = model.stateless_call(values, others, network["x"], return_losses=True)
        return function(target, y) + sum(penalties)

    rule = make_optimizer(optimizer)
    recorded = {}
    for step in range(1, max(RECORDED_STEPS) + 1):
        lost, gradients = jax.value_and_grad(objective)([variable.value for variable in model.trainable_variables])
        rule.apply(gradients, model.trainable_variables)
        if step in RECORDED_STEPS:
            seen = rule._model_variables_moving_average if rule.use_ema else model.weights
            weights = np.concatenate([np.ravel(variable) for variable in seen])
            assert weights.dtype == lost.dtype == np.float64
            recorded[str(step)] = {"loss": float(lost), "weights": weights}
    return recorded


def layer_options(case: dict[str, Any]) -> dict[str, Any]:
    """Options of a layer, with regularizers made."""

    def made(value: Any) -> Any:
        if not isinstance(value, dict):
            return value
        return REGULARIZERS[value["type"]](**{name: one for name, one in value.items() if name != "type"})

    return {name: made(value) for name, value in case.items()}


def make_optimizer(case: dict[str, Any]) -> Any:
    options = {name: value for name, value in case.items() if name != "type"}
    if "clip_norm" in options:
        options["global_clipnorm"] = options.pop("clip_norm")
    if isinstance(options.get("learning_rate"), dict):
        options["learning_rate"] = schedule(options["learning_rate"])
    return OPTIMIZERS[case["type"]](**options)


def schedule(case: dict[str, Any]) -> Any:
    return SCHEDULES[case["type"]](**{name: value for name, value in case.items() if name != "type"})


def values_and_slopes(name: str, grid: Any) -> dict[str, Any]:
    """Outputs on the grid, and the gradient by the grid of the outputs weighted by 1, 2, 3, 4."""
    layer = ACTIVATIONS[name]()
    y, backward = jax.vjp(layer, grid)
    assert y.dtype == np.float64
    (dx,) = backward(jax.numpy.broadcast_to(jax.numpy.arange(1.0, 5.0), grid.shape))
    return {"y": np.asarray(y), "dx": np.asarray(dx)}


def spread(name: str) -> dict[str, float]:
    """Statistics of the values of a kernel of 300 inputs and 200 units, with the default options."""
    values = np.asarray(INITIALIZERS[name](seed=1)((300, 200)))
    return {"mean": values.mean(), "stddev": values.std(), "largest": np.abs(values).max()}


if __name__ == "__main__":
    main()
