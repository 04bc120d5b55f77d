"""Networks that see: the convolutional network of Keras's own MNIST example, and one of the size that CIFAR-10 takes.

As in `mnist_epoch` the first epoch is left out. PyTorch's images have their channels first, or last where it says so.
"""

import json
import os
import sys
from collections.abc import Callable
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from benchmarks.command import mltrain as command
from benchmarks.command import seconds_of_epochs
from benchmarks.harness import Side, Work
from benchmarks.processes import ROOT, peak_memory_of
from benchmarks.works._mnist import CLASSES, test_rows, training_rows
from benchmarks.works.forward import median_of
from benchmarks.works.mnist_epoch import epochs, later

CONFIG = "configs/mnist_convnet.yaml"
SIDE, DROPOUT = 28, 0.5
COLOUR_ROWS, COLOUR_SIDE, COLOUR_BATCH = 5_000, 32, 64


def mltrain(batch: int, quick: bool) -> float:
    options = ("--epochs", str(epochs(quick)), "--set", f"training.batch_size={batch}")
    return median(seconds_of_epochs(CONFIG, *options)[1:])


def torch(batch: int, quick: bool, channels_last: bool = False) -> float:
    x, y = training_rows()
    return _torch_epoch(_torch_network(), x.reshape(-1, 1, SIDE, SIDE), y, batch, quick, channels_last)


def keras(backend: str, batch: int, quick: bool) -> float:
    os.environ["KERAS_BACKEND"] = backend
    import keras

    x, y = training_rows()
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((SIDE, SIDE, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(DROPOUT),
            layers.Dense(CLASSES, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    x = x.reshape(-1, SIDE, SIDE, 1)
    return later(lambda: model.fit(x, y, batch_size=batch, epochs=1, verbose=0), quick)


def mltrain_colour(quick: bool) -> float:
    """An epoch on random colour images, as ``mltrain fit`` trains."""
    from mltrain.system.threads import share_cores

    share_cores(None)  # must come before NumPy is imported
    from mltrain.backends.base import Rows
    from mltrain.backends.default import default_backend
    from mltrain.config.convert import convert
    from mltrain.engine.layers.base import Layer
    from mltrain.engine.losses.sparse_categorical_crossentropy import SparseCategoricalCrossentropy
    from mltrain.engine.network import Network
    from mltrain.engine.optimizers.adam import Adam
    from mltrain.random_streams import generator
    from mltrain.training.loop import train
    from mltrain.training.options import Training

    convolutions = [
        {"type": "conv2d", "filters": filters, "kernel_size": 3, "padding": "same", "activation": "relu"}
        for filters in (32, 32, 64, 64)
    ]
    dense = [
        {"type": "dense", "units": 128, "activation": "relu"},
        {"type": "dense", "units": 10, "activation": "softmax"},
    ]
    described = [*convolutions[:2], "max_pooling2d", *convolutions[2:], "max_pooling2d", "flatten", *dense]
    network = Network([convert(Layer, one) for one in described], (COLOUR_SIDE, COLOUR_SIDE, 3))
    network.initialize(generator(0, "weights"))
    reports = train(
        network,
        Rows(*_colour_images("int32")),
        backend=default_backend(),
        loss=SparseCategoricalCrossentropy(),
        optimizer=Adam(),
        training=Training(epochs=epochs(quick), batch_size=COLOUR_BATCH),
    )
    return median([report.seconds for report in reports][1:])


def torch_colour(quick: bool, channels_last: bool = False) -> float:
    from torch import nn

    x, y = _colour_images("int64")
    layers: list[Any] = []
    for inputs, filters in ((3, 32), (32, 32), (32, 64), (64, 64)):
        layers += [nn.Conv2d(inputs, filters, 3, padding=1), nn.ReLU()]
        layers += [nn.MaxPool2d(2)] if inputs == filters else []
    flat = 64 * (COLOUR_SIDE // 4) ** 2
    model = nn.Sequential(*layers, nn.Flatten(), nn.Linear(flat, 128), nn.ReLU(), nn.Linear(128, CLASSES))
    return _torch_epoch(model, x.transpose(0, 3, 1, 2).copy(), y, COLOUR_BATCH, quick, channels_last)


def mltrain_predict(quick: bool) -> float:
    from mltrain.system.threads import share_cores

    share_cores(None)  # must come before NumPy is imported
    from mltrain.config.load import load_config
    from mltrain.job import prepare

    job = prepare(load_config(ROOT / CONFIG), ROOT)
    model, test = job.model([]), job.dataset.test
    assert test is not None
    return median_of(lambda: model.predict(test.x), quick)


def torch_predict(quick: bool, channels_last: bool = False) -> float:
    import torch

    model, x = _torch_network().eval(), torch.from_numpy(test_rows()[0].reshape(-1, 1, SIDE, SIDE))
    if channels_last:
        model, x = (one.to(memory_format=torch.channels_last) for one in (model, x))
    with torch.no_grad():
        return median_of(lambda: torch.softmax(model(x), 1), quick)


def mltrain_memory(quick: bool) -> float:
    with TemporaryDirectory() as folder:
        return peak_memory_of(command("fit", CONFIG, "--epochs", str(epochs(quick)), "--out", folder))


def torch_memory(quick: bool) -> float:
    arguments = json.dumps({"batch": 64, "quick": quick})
    return peak_memory_of([sys.executable, "-m", "benchmarks.measure", __name__, "torch", arguments])


def _torch_network() -> Any:
    import torch
    from torch import nn

    torch.manual_seed(0)
    convolutions = [nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2), nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2)]
    return nn.Sequential(*convolutions, nn.Flatten(), nn.Dropout(DROPOUT), nn.Linear(1600, CLASSES))


def _torch_epoch(model: Any, images: Any, labels: Any, batch: int, quick: bool, channels_last: bool) -> float:
    import torch

    layout = torch.channels_last if channels_last else torch.contiguous_format
    x, y = torch.from_numpy(images).to(memory_format=layout), torch.from_numpy(labels)
    model = model.to(memory_format=layout)
    optimizer = torch.optim.Adam(model.parameters(), lr=1e-3, eps=1e-7, fused=True)
    loss_of = torch.nn.CrossEntropyLoss()

    def epoch() -> None:
        total = 0.0
        order = torch.randperm(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            optimizer.zero_grad()
            loss = loss_of(model(x[rows].contiguous(memory_format=layout)), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item()

    return later(epoch, quick)


def _colour_images(labels: str) -> tuple[Any, Any]:
    """Random images ``(rows, height, width, channels)`` and class numbers."""
    import numpy as np

    rng = np.random.default_rng(0)
    images = rng.random((COLOUR_ROWS, COLOUR_SIDE, COLOUR_SIDE, 3), np.float32)
    return images, rng.integers(CLASSES, size=COLOUR_ROWS).astype(labels)


def _torch_sides(function: Callable[..., float], at_most: float, aim: float, **more: int) -> tuple[Side, Side]:
    """PyTorch with channels first and last: the faster of the two is the one to be measured against."""
    last = {**more, "channels_last": True}
    return (
        Side("PyTorch", function, more, ("torch",), at_most, aim),
        Side("PyTorch, channels last", function, last, ("torch",), at_most, aim),
    )


def _keras_side(backend: str, packages: str, batch: int, at_most: float, aim: float) -> Side:
    title = {"tensorflow": "TensorFlow", "jax": "JAX"}[backend]
    arguments = {"backend": backend, "batch": batch}
    return Side(f"Keras on {title}", keras, arguments, tuple(packages.split()), at_most, aim)


WORKS = [
    Work(
        "convnet-batch-128",
        "MNIST convnet epoch, batch 128",
        "s",
        Side("mltrain", mltrain, {"batch": 128}),
        (
            _keras_side("tensorflow", "keras tensorflow-cpu", 128, 0.9, 0.7),
            *_torch_sides(torch, 0.6, 0.45, batch=128),
            _keras_side("jax", "keras jax jaxlib", 128, 0.3, 0.2),
        ),
    ),
    Work(
        "convnet-batch-32",
        "MNIST convnet epoch, batch 32",
        "s",
        Side("mltrain", mltrain, {"batch": 32}),
        (_keras_side("tensorflow", "keras tensorflow-cpu", 32, 0.9, 0.7),),
    ),
    Work(
        "convnet-colour",
        "colour images 32 x 32, four convolutions, batch 64: epoch of 5,000",
        "s",
        Side("mltrain", mltrain_colour),
        _torch_sides(torch_colour, 1.0, 0.7),
    ),
    Work(
        "convnet-predict-10000",
        "predict 10,000 images with the MNIST convnet",
        "ms",
        Side("mltrain", mltrain_predict),
        _torch_sides(torch_predict, 0.9, 0.6),
    ),
    Work(
        "convnet-memory",
        "peak memory of the MNIST convnet fit",
        "MB",
        Side("mltrain", mltrain_memory),
        (Side("PyTorch", torch_memory, needs=("torch",), at_most=0.5, aim=0.3),),
    ),
]
