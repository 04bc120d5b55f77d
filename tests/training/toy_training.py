"""Small networks and their training, for tests that are about the training."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from mltrain.backends.base import Rows
from mltrain.backends.default import default_backend
from mltrain.config.convert import convert
from mltrain.data.base import RowSpec, Split
from mltrain.engine.layers.base import Layer
from mltrain.engine.losses.base import Loss
from mltrain.engine.metrics.base import Metric
from mltrain.engine.network import Network
from mltrain.engine.optimizers.base import Optimizer
from mltrain.random_streams import generator
from mltrain.training.loop import train
from mltrain.training.options import Training

_FOR_TRAIN = ("validation", "preprocessing", "class_weights", "seed", "stop", "progress", "monitor", "run")


def layers(*configs: Any) -> tuple[Layer, ...]:
    return tuple(convert(Layer, config) for config in configs)


def dense(units: int, activation: str = "linear", **options: Any) -> dict[str, Any]:
    return {"type": "dense", "units": units, "activation": activation, **options}


def loss(config: Any) -> Loss:
    return convert(Loss, config)


def metrics(*configs: Any) -> list[Metric]:
    return [convert(Metric, config) for config in configs]


def optimizer(config: Any) -> Optimizer:
    return convert(Optimizer, config)


def network(inputs: int | tuple[int, ...], *configs: Any, seed: int = 0) -> Network:
    """A network with its first weights, as `prepare` makes it."""
    made = Network(layers(*configs), (inputs,) if isinstance(inputs, int) else inputs)
    made.initialize(generator(seed, "weights"))
    return made


def training_of(
    net: Network, rows: Rows, *, how: Any = "sgd", measure: Sequence[Any] = (), aim: Any = "mse", **options: Any
) -> Any:
    """The generator of reports. Options are those of `train`, and those of a config's training section."""
    for_train = {name: options.pop(name) for name in _FOR_TRAIN if name in options}
    return train(
        net,
        rows,
        backend=default_backend(),
        loss=loss(aim),
        optimizer=optimizer(how),
        metrics=metrics(*measure),
        training=convert(Training, options),
        **for_train,
    )


def line_rows(count: int = 10, seed: int = 1) -> Rows:
    """Points around y = 3x + 1."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, 1)).astype(np.float32)
    return Rows(x, (3 * x + 1 + 0.1 * rng.normal(size=(count, 1))).astype(np.float32))


def class_rows(count: int, inputs: int, classes: int, seed: int = 1) -> Rows:
    """Random rows with random class numbers."""
    rng = np.random.default_rng(seed)
    x = rng.normal(size=(count, inputs)).astype(np.float32)
    return Rows(x, rng.integers(0, classes, count).astype(np.int32))


def split(y: Any) -> Split:
    """Rows of which only the targets matter: class numbers (a flat list), or rows of numbers."""
    array = np.array(y)
    return Split(np.zeros((len(array), 1), np.float32), array.astype(np.int32 if array.ndim == 1 else np.float32))


def row_spec(outputs: int = 1, classes: Sequence[str] | None = None, input_shape: tuple[int, ...] = (1,)) -> RowSpec:
    return RowSpec(input_shape, outputs, None if classes is None else tuple(classes))
