"""Every member of every family, with how its options are drawn.

A member or an option that is missing here is not compared: the program says so, and so does a test (see coverage.py).
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from numpy.random import Generator

from mltrain.config.families import FAMILIES
from mltrain.config.option_types import options

Draw = Callable[[Generator], Any]


def between(low: float, high: float) -> Draw:
    """A number of three digits, as people write them."""
    return lambda rng: float(f"{rng.uniform(low, high):.3g}")


def power_between(low: float, high: float) -> Draw:
    """A number of three digits whose logarithm is drawn: small ones are as likely as large ones."""
    return lambda rng: float(f"{low * (high / low) ** rng.random():.3g}")


def whole(low: int, high: int) -> Draw:
    return lambda rng: int(rng.integers(low, high + 1))


def either(rng: Generator) -> bool:
    return bool(rng.random() < 0.5)


def several(draw: Draw, count: int) -> Draw:
    return lambda rng: [draw(rng) for _ in range(count)]


def ascending_steps(rng: Generator) -> list[int]:
    return sorted({int(step) for step in rng.integers(0, 20, rng.integers(1, 4))})


def rate(low: float, high: float) -> Draw:
    """A learning rate: a number, or by one chance in three a schedule."""
    number = power_between(low, high)
    return lambda rng: number(rng) if rng.random() < 0.67 else pick("schedules", rng)


def _one_more_value(drawn: dict[str, Any]) -> None:
    drawn["values"] = drawn["values"][: len(drawn["boundaries"]) + 1]


def _whole_warmup(drawn: dict[str, Any]) -> None:
    if "warmup_target" not in drawn:
        drawn.pop("warmup_steps", None)


@dataclass(frozen=True)
class Member:
    """A draw for each option. ``settle`` makes options fit each other."""

    options: Mapping[str, Draw] = field(default_factory=dict)
    settle: Callable[[dict[str, Any]], None] = lambda drawn: None


OPTIONAL = 0.7
"""How likely an option with a default is drawn."""

REGULARIZED, FROZEN = 0.15, 0.1
"""Shares of the parameters that are kept small, and of the layers that are not trained."""

_RATE = power_between(1e-4, 0.1)
_BETA_1, _BETA_2, _EPSILON = between(0, 0.95), between(0.8, 0.999), power_between(1e-8, 1e-2)
_STEPPING = {
    "weight_decay": power_between(1e-4, 0.5),
    "clip_norm": power_between(0.01, 5),
    "use_ema": either,
    "ema_momentum": between(0, 0.99),
}
_ADAM = {"learning_rate": rate(1e-4, 0.05), "beta_1": _BETA_1, "beta_2": _BETA_2, "epsilon": _EPSILON, **_STEPPING}
_PENALTY = power_between(1e-4, 0.03)
_SPREAD = {"mean": between(-0.2, 0.2), "stddev": between(0.05, 0.8)}

_ANY_INITIALIZER = ("constant", "ones", "random_normal", "random_uniform", "zeros")


def _one_of(*names: str) -> Draw:
    return lambda rng: pick("initializers", rng, names)


def _regularizer(rng: Generator) -> Any:
    return pick("regularizers", rng) if rng.random() < REGULARIZED else None


def _seldom_frozen(rng: Generator) -> bool:
    return bool(rng.random() >= FROZEN)


MEMBERS: dict[str, dict[str, Member]] = {
    "layers": {
        # Units, shapes, inputs and what stands in a dense layer are drawn together with the network: see draw.py.
        "add": Member(),
        "average": Member(),
        "batch_normalization": Member(
            {
                "momentum": between(0, 0.99),
                "epsilon": power_between(1e-5, 0.1),
                "center": either,
                "scale": either,
                "beta_initializer": _one_of(*_ANY_INITIALIZER),
                "gamma_initializer": _one_of("ones", "random_normal"),
                "moving_mean_initializer": _one_of("zeros", "random_normal"),
                "moving_variance_initializer": _one_of("ones"),
                "beta_regularizer": _regularizer,
                "gamma_regularizer": _regularizer,
                "trainable": _seldom_frozen,
            },
        ),
        "average_pooling1d": Member(),
        "average_pooling2d": Member(),
        "concatenate": Member(),
        "conv1d": Member(),
        "conv2d": Member(),
        "dense": Member(),
        "depthwise_conv2d": Member(),
        "dropout": Member({"rate": between(0, 0.7)}),
        "embedding": Member(
            options={
                "embeddings_initializer": _one_of("random_uniform", "random_normal", "glorot_uniform"),
                "embeddings_regularizer": _regularizer,
                "trainable": _seldom_frozen,
            }
        ),
        "flatten": Member(),
        "global_average_pooling1d": Member(),
        "global_average_pooling2d": Member(),
        "global_max_pooling1d": Member(),
        "global_max_pooling2d": Member(),
        "layer_normalization": Member(
            options={
                "epsilon": power_between(1e-5, 0.1),
                "center": either,
                "scale": either,
                "beta_initializer": _one_of(*_ANY_INITIALIZER),
                "gamma_initializer": _one_of("ones", "random_normal"),
                "beta_regularizer": _regularizer,
                "gamma_regularizer": _regularizer,
                "trainable": _seldom_frozen,
            },
        ),
        "max_pooling1d": Member(),
        "max_pooling2d": Member(),
        "multiply": Member(),
        "periodic_embedding": Member(
            {
                "output_dim": whole(2, 4),
                "frequencies": whole(1, 6),
                "stddev": power_between(0.05, 1),
                "trainable": _seldom_frozen,
            },
        ),
        "reshape": Member(),
        "zero_padding2d": Member(),
    },
    "activations": {
        "elu": Member({"alpha": between(0, 2)}),
        "gelu": Member(),
        "leaky_relu": Member({"negative_slope": between(0, 1)}),
        "linear": Member(),
        "relu": Member(),
        "sigmoid": Member(),
        "softmax": Member(),
        "softplus": Member(),
        "step": Member(),
        "tanh": Member(),
    },
    "losses": {
        "binary_crossentropy": Member(),
        "categorical_crossentropy": Member({"label_smoothing": between(0, 0.5)}),
        "hinge": Member(),
        "huber": Member({"delta": power_between(0.1, 3)}),
        "mean_absolute_error": Member(),
        "mean_squared_error": Member(),
        "perceptron": Member(),
        "sparse_categorical_crossentropy": Member(),
    },
    "optimizers": {
        "adam": Member(_ADAM),
        "adamw": Member(_ADAM),
        "nadam": Member(_ADAM),
        "adagrad": Member(
            {
                "learning_rate": rate(1e-3, 0.3),
                "initial_accumulator_value": between(0, 1),
                "epsilon": _EPSILON,
                **_STEPPING,
            },
        ),
        "rmsprop": Member(
            {"learning_rate": rate(1e-4, 0.02), "rho": between(0, 0.99), "epsilon": _EPSILON, **_STEPPING},
        ),
        "lion": Member(
            {
                "learning_rate": rate(1e-5, 0.01),
                "beta_1": between(0.1, 0.95),  # Keras refuses 0
                "beta_2": between(0.8, 0.99),
                **_STEPPING,
            },
        ),
        "sgd": Member(
            options={
                "learning_rate": rate(1e-3, 0.3),
                "momentum": between(0, 0.95),
                "nesterov": either,
                **_STEPPING,
            }
        ),
    },
    "schedules": {
        "cosine_decay": Member(
            {
                "initial_learning_rate": _RATE,
                "decay_steps": whole(1, 40),
                "alpha": between(0, 1),
                "warmup_target": _RATE,
                "warmup_steps": whole(0, 10),
            },
            _whole_warmup,
        ),
        "exponential_decay": Member(
            {
                "initial_learning_rate": _RATE,
                "decay_steps": whole(1, 30),
                "decay_rate": between(0.1, 1.2),
                "staircase": either,
            },
        ),
        "piecewise": Member({"boundaries": ascending_steps, "values": several(_RATE, 4)}, _one_more_value),
    },
    "regularizers": {
        "l1": Member({"l1": _PENALTY}),
        "l1_l2": Member({"l1": _PENALTY, "l2": _PENALTY}),
        "l2": Member({"l2": _PENALTY}),
    },
    # Both peers start from the weights that mltrain has drawn: each initializer is a place to start from.
    "initializers": {
        "constant": Member({"value": between(-0.5, 0.5)}),
        "glorot_normal": Member(),
        "glorot_uniform": Member(),
        "he_normal": Member(),
        "he_uniform": Member(),
        "lecun_normal": Member(),
        "lecun_uniform": Member(),
        "ones": Member(),
        "orthogonal": Member({"gain": between(0.5, 1.5)}),
        "random_normal": Member(_SPREAD),
        "random_uniform": Member({"minval": between(-0.8, 0), "maxval": between(0, 0.8)}),
        "truncated_normal": Member(_SPREAD),
        "zeros": Member(),
    },
}

_CONVOLUTION = {"kernel_size", "strides", "padding", "activation", "use_bias"} | {
    "bias_initializer",
    "bias_regularizer",
    "trainable",
}

WITH_THE_NETWORK = {
    "dense": {"units", "activation", "use_bias", "kernel_initializer", "bias_initializer"}
    | {"kernel_regularizer", "bias_regularizer", "trainable"},
    "concatenate": {"axis"},
    **dict.fromkeys(("conv1d", "conv2d"), _CONVOLUTION | {"filters", "kernel_initializer", "kernel_regularizer"}),
    "depthwise_conv2d": _CONVOLUTION | {"depth_multiplier", "depthwise_initializer", "depthwise_regularizer"},
    **{
        f"{kind}_pooling{dimensions}d": {"pool_size", "strides", "padding"}
        for kind in ("max", "average")
        for dimensions in (1, 2)
    },
    "zero_padding2d": {"padding"},
    "embedding": {"input_dim", "output_dim"},
    "reshape": {"target_shape"},
    "training": {"epochs", "batch_size", "shuffle", "class_weight", "gradient_accumulation"},
}
"""Options that draw.py draws for a whole network."""

DRAWN_WITH_THE_GRAPH = {"name", "inputs"}
"""Options of all layers that draw.py gives to those which are read further on."""

CHANGE_NO_NUMBER = {"track", "early_stopping"}
"""Options that need no counterpart, wherever they are: they change no step, though they may end the training."""

NOT_DRAWN = {"reduce_on_plateau", "gaussian_noise", "residual"} | {
    f"random_{what}" for what in ("flip", "translation", "rotation", "zoom")
}
"""Members that tests of their own hold to their descriptions. To fall on a plateau is to decide by the last digits of a
loss (tests/engine/test_reduce_on_plateau.py); random transformations are other ones in each library
(tests/engine/test_image_transforms.py); a residual layer is the same network as one of add (tests/engine/
test_residual.py)."""

NOT_TRAINED_WITH = {"column kinds", "datasets", "points", "metrics"}
"""Families that neither gradients nor steps depend on; the tests compare metrics with scikit-learn."""


def pick(family: str, rng: Generator, names: Sequence[str] = ()) -> dict[str, Any]:
    """A member of a family, as a config names it, with options."""
    names = names or sorted(MEMBERS[family])
    name = names[int(rng.integers(len(names)))]
    return {"type": name, **options_of(family, name, rng)}


def options_of(family: str, name: str, rng: Generator) -> dict[str, Any]:
    """Options of one member, in which those with a default are left out now and then."""
    member, spec = MEMBERS[family][name], FAMILIES[family].find(name)
    assert spec is not None, f"there is no {name} among the {family}"
    drawn = {
        option: draw(rng)
        for option, draw in member.options.items()
        if options(spec)[option].required or rng.random() < OPTIONAL
    }
    member.settle(drawn)
    return drawn
