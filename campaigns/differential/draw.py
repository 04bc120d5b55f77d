"""A whole config, drawn by seed and number: its rows stand in it, so that its YAML is all that repeats it."""

from typing import Any

import numpy as np
from numpy.random import Generator

from campaigns.differential.members import FROZEN, MEMBERS, REGULARIZED, options_of, pick
from mltrain.config import Config
from mltrain.config.convert import convert
from mltrain.engine.activations.base import Activation
from mltrain.engine.losses.base import Loss

STEPS = 20

STEPS_AN_EPOCH = (1, 2, 4, 5, 10, 20)
"""What divides the steps: each config is trained for just so many."""

ACCUMULATED = 0.2
"""Share of the configs in which several batches make a step."""

LARGE = 0.02
"""Share of the configs with a kernel that mltrain may share among processes."""

STEP = 0.02
"""Share of the hidden activations that are steps: below them nothing learns."""

WEIGHTED = 0.2
"""Share of the configs of classes that are weighted."""

NORMALIZED, MERGED, IDS, PERIODIC = 0.15, 0.2, 0.1, 0.1
"""Shares of the hidden layers behind which features are normalized, of the dense layers that are merged with an earlier
one, of the configs whose inputs are ids, and of those whose rows are lines of numbers that are embedded."""

IMAGES = 0.6
"""Share of the configs with images and sequences among those whose rows are no line of numbers."""


def draw_config(seed: int, number: int) -> Config:
    """The same config for the same seed and number."""
    rng = np.random.default_rng([seed, number])
    large = rng.random() < LARGE
    loss = pick("losses", rng)
    kind = convert(Loss, loss)
    last = _last_activation(kind, rng)
    classes = kind.targets in ("labels", "one_hot") or last["type"] == "softmax"
    outputs = int(rng.integers(2, 9)) if classes else int(rng.integers(1, 5))
    shape, front = _front(rng, large)
    ids = front[0]["input_dim"] if front and front[0]["type"] == "embedding" else 0
    group = int(rng.integers(2, 5)) if rng.random() < ACCUMULATED else 1
    rows, batch = _rows_and_batch(rng, large, group)
    x = (rng.normal(size=(rows, *shape)) * rng.choice([0.1, 1, 1, 3])).astype(np.float32)
    if ids:
        x = rng.integers(0, ids, (rows, *shape)).astype(np.float32)
    target = _targets(kind, convert(Activation, last), (rows, outputs), rng)
    steps = -(-rows // batch // group)
    layers = [*front, *_hidden(rng, large), *_end(outputs, last, rng)]
    if not large:
        _merge_some(layers, rng)
    training = {"epochs": STEPS // steps, "batch_size": batch, "shuffle": bool(rng.random() < 0.5)}
    if group > 1:
        training["gradient_accumulation"] = group
    optimizer = pick("optimizers", rng)
    decides = kind.targets in ("labels", "one_hot") or (kind.targets == "binary" and outputs == 1)
    if decides and rng.random() < WEIGHTED:
        training["class_weight"] = _class_weight(max(2, outputs), rng)
    return convert(
        Config,
        {
            "name": f"differential-{seed}-{number}",
            "seed": int(rng.integers(1000)),
            "dataset": {"type": "inline", "x": x.tolist(), "y": target.tolist()},
            "layers": layers,
            "loss": loss,
            "optimizer": optimizer,
            "training": training,
        },
    )


def _class_weight(classes: int, rng: Generator) -> Any:
    """Balanced, or numbers for some of the classes."""
    if rng.random() < 0.5:
        return "balanced"
    return {str(number): float(rng.integers(0, 9)) / 4 for number in range(classes) if rng.random() < 0.7}


def _rows_and_batch(rng: Generator, large: bool, group: int) -> tuple[int, int]:
    """Whole batches and then a short one, of one row by one chance in five; or rows for a single batch.

    Of ``group`` batches is each step; the last one of an epoch may have fewer.
    """
    steps = 1 if large else int(rng.choice(STEPS_AN_EPOCH))
    batches = (steps - 1) * group + int(rng.integers(1, group + 1))
    batch = int(rng.choice([1, 2, 3, 8, 16, 32])) if batches > 1 else int(rng.integers(1, 65))
    last = 1 if rng.random() < 0.2 else int(rng.integers(1, batch + 1))
    return (batches - 1) * batch + last, batch


def _front(rng: Generator, large: bool) -> tuple[tuple[int, ...], list[Any]]:
    """The shape of a row, and the layers that make a line of it."""
    if large:
        return (256,), []
    if rng.random() < IDS:
        embedding = {"type": "embedding", "input_dim": int(rng.integers(1, 12)), "output_dim": int(rng.integers(1, 5))}
        return (int(rng.integers(1, 5)),), [embedding | options_of("layers", "embedding", rng), {"type": "flatten"}]
    if rng.random() < 0.7:
        periodic = {"type": "periodic_embedding", **options_of("layers", "periodic_embedding", rng)}
        return (int(rng.integers(1, 17)),), [periodic] if rng.random() < PERIODIC else []
    if rng.random() < IMAGES:
        return _images(rng) if rng.random() < 0.7 else _sequences(rng)
    height, width = (int(length) for length in rng.integers(1, 6, 2))
    reshape = {"type": "reshape", "target_shape": [width, -1]}
    return (height, width), ([reshape] if rng.random() < 0.5 else []) + [{"type": "flatten"}]


def _images(rng: Generator) -> tuple[tuple[int, ...], list[Any]]:
    """Images with channels, and layers that see them, up to a line of numbers."""
    shape = (int(rng.integers(1, 9)), int(rng.integers(1, 9)), int(rng.integers(1, 4)))
    layers: list[Any] = []
    for _ in range(int(rng.integers(1, 4))):
        kind = str(rng.choice(["conv2d", "depthwise_conv2d", "max_pooling2d", "average_pooling2d", "other"]))
        if kind == "other":
            layers.append(_any_shape(rng, ["zero_padding2d", "layer_normalization", "batch_normalization"]))
        else:
            layers.append(_windowed(kind, 2, rng))
    return shape, [*layers, {"type": str(rng.choice(["flatten", "global_average_pooling2d", "global_max_pooling2d"]))}]


def _sequences(rng: Generator) -> tuple[tuple[int, ...], list[Any]]:
    """Sequences of some numbers a step, and layers that see them, up to a line of numbers."""
    shape = (int(rng.integers(1, 12)), int(rng.integers(1, 4)))
    kinds = ["conv1d", "max_pooling1d", "average_pooling1d"]
    layers = [_windowed(str(rng.choice(kinds)), 1, rng) for _ in range(int(rng.integers(1, 3)))]
    if rng.random() < 0.3:
        layers.append(_any_shape(rng, ["layer_normalization"]))
    return shape, [*layers, {"type": str(rng.choice(["flatten", "global_average_pooling1d", "global_max_pooling1d"]))}]


def _any_shape(rng: Generator, kinds: list[str]) -> dict[str, Any]:
    kind = kinds[int(rng.integers(len(kinds)))]
    padding = {"padding": rng.integers(0, 3, 4).tolist()} if kind == "zero_padding2d" else {}
    return {"type": kind, **padding, **options_of("layers", kind, rng)}


def _windowed(kind: str, dimensions: int, rng: Generator) -> dict[str, Any]:
    """A convolution or pooling. Padded images hold any window; others surely hold one of 1."""
    same = bool(rng.random() < 0.7)
    size = [int(length) for length in rng.integers(1, 4 if same else 2, dimensions)]
    strides = [int(length) for length in rng.integers(1, 3, dimensions)]
    if kind == "depthwise_conv2d":
        strides = [strides[0]] * 2  # Keras has no other ones
    layer: dict[str, Any] = {"type": kind, "padding": "same" if same else "valid", "strides": strides}
    if "pooling" in kind:
        layer["pool_size"] = size
    else:
        own = "depthwise" if kind == "depthwise_conv2d" else "kernel"
        layer |= {"kernel_size": size, "activation": _hidden_activation(rng), "use_bias": bool(rng.random() < 0.8)}
        layer |= {"depth_multiplier" if own == "depthwise" else "filters": int(rng.integers(1, 4))}
        for parameter in (own, "bias"):
            if rng.random() < 0.3:
                drawable = sorted(MEMBERS["initializers"].keys() - {"orthogonal"})
                layer[f"{parameter}_initializer"] = pick("initializers", rng, drawable)
            if rng.random() < REGULARIZED:
                layer[f"{parameter}_regularizer"] = pick("regularizers", rng)
        if rng.random() < FROZEN:
            layer["trainable"] = False
    if dimensions == 1:
        layer |= {name: layer[name][0] for name in ("strides", "pool_size", "kernel_size") if name in layer}
    return layer


def _hidden(rng: Generator, large: bool) -> list[Any]:
    layers: list[Any] = []
    for depth in range(1 if large else int(rng.integers(0, 4))):
        units = 256 if large and depth == 0 else int(rng.integers(1, 25))
        activation = _hidden_activation(rng)
        alone = rng.random() < 0.3
        dense = _dense(units, {"type": "linear"} if alone else activation, rng)
        layers.append(dense | ({"trainable": False} if rng.random() < FROZEN else {}))
        if not large and rng.random() < NORMALIZED:
            layers.append({"type": "batch_normalization", **options_of("layers", "batch_normalization", rng)})
        if alone:
            layers.append(activation)
        if rng.random() < 0.15:
            layers.append({"type": "dropout", **options_of("layers", "dropout", rng)})
        if rng.random() < 0.1:
            layers += [{"type": "reshape", "target_shape": [1, -1]}, {"type": "flatten"}]
    return layers


def _merge_some(layers: list[Any], rng: Generator) -> None:
    """Behind some dense layers, merge what they give with what an earlier one has given, or with itself."""
    index, before = 0, list[dict[str, Any]]()
    while index < len(layers) - 2:
        layer = layers[index]
        index += 1
        if layer["type"] != "dense":
            continue
        before.append(layer)
        if rng.random() >= MERGED:
            continue
        other = before[int(rng.integers(len(before)))]
        kinds = ["concatenate", "add", "average", "multiply"] if other["units"] == layer["units"] else ["concatenate"]
        kind = kinds[int(rng.integers(len(kinds)))]
        for one in (layer, other):
            one.setdefault("name", f"layer_{layers.index(one)}")
        merged: dict[str, Any] = {"type": kind, "inputs": [layer["name"], other["name"]]}
        if kind == "concatenate" and rng.random() < 0.5:
            merged["axis"] = 1
        layers.insert(index, merged)
        index += 1


def _hidden_activation(rng: Generator) -> dict[str, Any]:
    if rng.random() < STEP:
        return pick("activations", rng, ["step"])
    return pick("activations", rng, sorted(MEMBERS["activations"].keys() - {"step"}))


def _end(outputs: int, last: dict[str, Any], rng: Generator) -> list[Any]:
    """The last layer, with its activation in it or behind it."""
    if rng.random() < 0.7:
        return [_dense(outputs, last, rng)]
    return [_dense(outputs, {"type": "linear"}, rng), last]


def _dense(units: int, activation: dict[str, Any], rng: Generator) -> dict[str, Any]:
    """A dense layer; the default initializers are as likely as all others together."""
    layer: dict[str, Any] = {"type": "dense", "units": units, "activation": activation}
    if rng.random() < 0.5:
        layer["kernel_initializer"] = pick("initializers", rng)
    if rng.random() < 0.3:
        layer["bias_initializer"] = pick("initializers", rng, sorted(MEMBERS["initializers"].keys() - {"orthogonal"}))
    for parameter in ("kernel", "bias"):
        if rng.random() < REGULARIZED:
            layer[f"{parameter}_regularizer"] = pick("regularizers", rng)
    if rng.random() < 0.2:
        layer["use_bias"] = False
    return layer


def _last_activation(loss: Loss, rng: Generator) -> dict[str, Any]:
    """What the loss is joined to, or anything that it can be used with."""
    if loss.fused_activation is not None:
        return pick("activations", rng, [loss.fused_activation])
    names = sorted(MEMBERS["activations"].keys() - {"step"})
    if loss.type_name() == "hinge":  # which needs outputs on both sides of 0
        names = [name for name in names if convert(Activation, name).output_range()[0] < 0]
    return pick("activations", rng, names)


def _targets(loss: Loss, last: Activation, shape: tuple[int, int], rng: Generator) -> Any:
    """Targets that the loss takes and the last activation can produce."""
    rows, outputs = shape
    if loss.targets == "labels":
        return rng.integers(0, outputs, rows)
    if loss.targets == "binary":
        return rng.integers(0, 2, shape)
    if loss.targets == "one_hot":
        # Eighths, which add up to 1 in any precision; by one chance in two all eight are of one class.
        hot = np.eye(outputs)[rng.integers(0, outputs, rows)]
        return hot if rng.random() < 0.5 else rng.multinomial(8, [1 / outputs] * outputs, rows) / 8
    if last.type_name() == "softmax":
        return rng.multinomial(8, [1 / outputs] * outputs, rows) / 8
    low, high = last.output_range()
    return rng.uniform(max(low, -2), min(high, 2), shape).astype(np.float32)
