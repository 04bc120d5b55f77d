"""Small configs with every member of the families that scripts are written for, made from the registries."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from mltrain.engine.activations.base import Activation
from mltrain.engine.initializers.base import Initializer
from mltrain.engine.layers.base import Layer
from mltrain.engine.losses.base import Loss
from mltrain.engine.optimizers.base import Optimizer
from mltrain.engine.regularizers.base import Regularizer
from mltrain.engine.schedules.base import Schedule

ROWS = 8

RANDOM = {"dropout": {"rate": 0.0}, "gaussian_noise": {"stddev": 0.0}}
"""Options by which random layers do nothing: frameworks draw other numbers."""


def member_configs(*, random: bool = False) -> Iterator[tuple[str, dict[str, Any]]]:
    """Each config with a name. Random layers do nothing unless ``random`` is set."""
    for kind in Layer.family:
        if not issubclass(kind, Activation):
            for number, example in enumerate(kind.examples):
                quiet = {} if random else RANDOM.get(kind.type_name(), {})
                layer = {"type": kind.type_name(), **example, **quiet}
                yield f"layer_{kind.type_name()}_{number}", _with_layer(kind, layer)
    for kind in Activation.family:
        for number, example in enumerate(kind.examples):
            own = {"type": kind.type_name(), **example}
            layers = [{"type": "dense", "units": 5, "activation": own}, {"type": "dense", "units": 4}, own]
            yield f"activation_{kind.type_name()}_{number}", _config([*layers, {"type": "dense", "units": 1}])
    for kind in Loss.family:
        for number, example in enumerate(kind.examples):
            yield f"loss_{kind.type_name()}_{number}", _with_loss(kind, example)
    for kind in Optimizer.family:
        for number, example in enumerate(kind.examples):
            plain = {"type": kind.type_name(), **example, "learning_rate": 0.01}
            common = {"weight_decay": 0.01, "clip_norm": 0.5, "use_ema": True, "ema_momentum": 0.5}
            yield f"optimizer_{kind.type_name()}_{number}", _config(_DENSE, optimizer=plain)
            yield f"optimizer_{kind.type_name()}_{number}_common", _config(_DENSE, optimizer={**plain, **common})
    for kind in Schedule.family:
        for number, example in enumerate(kind.examples):
            for name in ("sgd", "rmsprop", "adam"):
                rate = {"type": kind.type_name(), **example, "monitor": "loss"}
                if kind.type_name() != "reduce_on_plateau":
                    del rate["monitor"]
                optimizer = {"type": name, "learning_rate": rate, **({"momentum": 0.5} if name == "sgd" else {})}
                yield f"schedule_{kind.type_name()}_{number}_{name}", _config(_DENSE, optimizer=optimizer)
    for kind in Regularizer.family:
        for number, example in enumerate(kind.examples):
            own = {"type": kind.type_name(), **example}
            layers = [{"type": "dense", "units": 3, "kernel_regularizer": own, "bias_regularizer": own}]
            yield f"regularizer_{kind.type_name()}_{number}", _config([*layers, {"type": "dense", "units": 1}])
    for kind in Initializer.family:
        for number, example in enumerate(kind.examples):
            own = {"type": kind.type_name(), **example}
            if kind.type_name() == "constant" and isinstance(example["value"], list):
                own["value"] = np.linspace(-1, 1, 12).reshape(4, 3).tolist()
            layers = [{"type": "dense", "units": 3, "kernel_initializer": own}, {"type": "dense", "units": 1}]
            yield f"initializer_{kind.type_name()}_{number}", _config(layers)
    yield "training_groups", _config(_DENSE, training={"gradient_accumulation": 2, "batch_size": 2})
    yield "training_unshuffled", _config(_DENSE, training={"shuffle": False})
    yield "training_frozen", _config([{**_DENSE[0], "trainable": False}, *_DENSE[1:]])
    stopping = {"patience": 1, "min_delta": 0.5}
    yield (
        "training_stopped",
        {
            **_config(_DENSE, training={"early_stopping": stopping, "epochs": 6}),
            "metrics": ["mse", "rmse", "mae", "r2"],
        },
    )
    yield from _refits(0.5 if random else 0.0)
    classes = _with_loss(type(next(one for one in map(_made, Loss.family) if one.targets == "labels")), {})
    weighted = {**classes, "metrics": ["accuracy", "f1", "precision", "recall", {"type": "top_k_accuracy", "k": 2}]}
    weighted["training"] = {**weighted["training"], "class_weight": "balanced"}
    yield "training_class_weight", weighted
    for number, kind in enumerate(kind for kind in Loss.family if kind.targets in ("binary", "one_hot")):
        config = _with_loss(kind, {})
        training = {**config["training"], "class_weight": {"one": 2.5}, "batch_size": "full" if number % 2 else 3}
        yield f"training_class_weight_{kind.type_name()}", {**config, "training": training}


def _refits(rate: float) -> Iterator[tuple[str, dict[str, Any]]]:
    """Early stopping with refit: what a second training begins anew, and dropout of a rate."""

    def config(layers: list[Any], stopping: dict[str, Any], *, test: bool = False, **parts: Any) -> dict[str, Any]:
        training = {"epochs": 6, "early_stopping": {**stopping, "refit": True}, **parts.pop("training", {})}
        made = _config(layers, training=training, **parts)
        made["dataset"] |= {"validation_split": 0.25, **({"test_split": 0.25} if test else {})}
        return made

    adam = {"type": "adam", "learning_rate": {"type": "exponential_decay", **_DECAY}, "clip_norm": 1.0}
    yield "refit_adam", config(_DENSE, {"patience": 1, "min_delta": 0.02}, test=True, optimizer=adam)
    plateau = {"type": "reduce_on_plateau", "initial_learning_rate": 0.3, "monitor": "loss", "patience": 1}
    sgd = {"type": "sgd", "learning_rate": plateau, "momentum": 0.5}
    for size in (2, "full"):
        training = {"batch_size": size}
        stopping = {"monitor": "val_loss", "patience": 2, "restore_best": False}
        yield f"refit_plateau_{size}", config(_DENSE, stopping, optimizer=sgd, training=training)
    groups = {"gradient_accumulation": 2, "batch_size": 1}  # none are left over, which Keras carries into an epoch
    yield "refit_groups", config(_DENSE, {"patience": 3}, optimizer="rmsprop", training=groups)
    frozen = [{**_DENSE[0], "trainable": False}, *_DENSE[1:]]
    yield "refit_frozen", config(frozen, {"patience": 1}, optimizer="lion")
    yield "refit_untrained", config(_DENSE, {"patience": 1}, training={"epochs": 0})
    for size in (3, 6, 8):  # two and three batches, one and two, one and one
        layers = [_DENSE[0], {"type": "dropout", "rate": rate}, _DENSE[1]]
        yield f"refit_dropout_{size}", config(layers, {"patience": 3}, training={"batch_size": size})
        training = {"batch_size": size, "epochs": 6, "early_stopping": {"patience": 1, "folds": 3}}
        fast = {"type": "adam", "learning_rate": 0.2}
        yield f"refit_folds_{size}", {**_config(layers, optimizer=fast, training=training), "seed": 3}
    steep = {"kernel_initializer": {"type": "constant", "value": 100}}
    never = config(
        [{"type": "dense", "units": 3, **steep}, {"type": "dense", "units": 1, **steep}],
        {"patience": 2},
        test=True,
        optimizer={"type": "sgd", "learning_rate": 1e-6},
        training={"epochs": 2},
    )
    never["dataset"]["x"][4:6] = [[1e15, 0, 0, 0]] * 2  # the rows for validation, whose squared errors are infinite
    yield "refit_never", {**never, "dataset": {**never["dataset"], "split": "chronological"}}
    normalized = [_DENSE[0], {"type": "batch_normalization", "momentum": 0.5}, _DENSE[1]]
    mean = {"type": "adam", "use_ema": True, "ema_momentum": 0.5}
    yield "layer_batch_normalization_refit", config(normalized, {"monitor": "loss", "patience": 3}, optimizer=mean)
    classes = _with_loss(type(next(one for one in map(_made, Loss.family) if one.targets == "labels")), {})
    costly = [{**_DENSE[0], "kernel_regularizer": {"type": "l2", "l2": 0.5}}, _DENSE[1]]
    averaged = {"type": "sgd", "learning_rate": 0.1, "use_ema": True, "ema_momentum": 0.8}
    yield "layer_averaged_with_penalty_refit", config(costly, {"patience": 3}, optimizer=averaged, test=True)
    stopping = {"epochs": 6, "early_stopping": {"patience": 1, "folds": 3}}
    yield "layer_averaged_with_penalty_refit_folds", _config(costly, optimizer=averaged, training=stopping)
    weighted = {"epochs": 4, "batch_size": 3, "class_weight": "balanced", "early_stopping": {"refit": True}}
    yield (
        "refit_class_weight",
        {**classes, "dataset": {**classes["dataset"], "validation_split": 0.3}, "training": weighted},
    )
    stopping = {"folds": 2, "monitor": "loss", "min_delta": 0.001}
    yield "refit_folds_of_classes", {**classes, "training": {**weighted, "early_stopping": stopping}}


_DECAY = {"initial_learning_rate": 0.1, "decay_steps": 2, "decay_rate": 0.8}
_DENSE = [{"type": "dense", "units": 3, "activation": "tanh"}, {"type": "dense", "units": 1}]


def _made(kind: type[Any]) -> Any:
    return kind()


def _config(layers: list[Any], shape: tuple[int, ...] = (4,), **parts: Any) -> dict[str, Any]:
    rng = np.random.default_rng(3)
    training = {"epochs": 3, "batch_size": 3, **parts.pop("training", {})}
    y = rng.normal(size=ROWS).round(3).tolist()
    dataset = {"type": "inline", "x": rng.normal(size=(ROWS, *shape)).round(3).tolist(), "y": y}
    return {"dataset": dataset, "layers": layers, "loss": "mse", **parts, "training": training}


def _with_layer(kind: type[Layer], layer: dict[str, Any]) -> dict[str, Any]:
    if kind.example_inputs:
        names = layer["inputs"]
        before = [{"type": "dense", "units": 4, "name": name, "inputs": ["input"]} for name in names]
        return _config([*before, layer, {"type": "dense", "units": 1}])
    config = _config([layer, "flatten", {"type": "dense", "units": 1}], kind.example_input)
    if kind.takes_integers:
        config["dataset"]["x"] = np.random.default_rng(3).integers(0, 5, (ROWS, *kind.example_input)).tolist()
    return config


def _with_loss(kind: type[Loss], options: dict[str, Any]) -> dict[str, Any]:
    outputs = {"labels": 3, "one_hot": 3}.get(kind.targets, 1)
    last: dict[str, Any] = {"type": "dense", "units": outputs}
    if kind.fused_activation is not None:
        last["activation"] = kind.fused_activation
    config = _config([_DENSE[0], last], loss={"type": kind.type_name(), **options})
    if kind.targets != "numbers":
        names = ["one", "two", "three"][: max(2, outputs)]
        config["dataset"]["y"] = [names[row % len(names)] for row in range(ROWS)]
    return config
