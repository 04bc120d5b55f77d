"""An epoch of the MNIST lesson: 784-512-10, dropout, Adam.

The first epoch is left out: some compile in it, and others only become slow behind it (see `benchmarks.stall`).
"""

import os
import time
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.command import seconds_of_epochs
from benchmarks.harness import Side, Work
from benchmarks.works._mnist import CLASSES, PIXELS, training_rows

CONFIG = "configs/mnist.yaml"
UNITS, DROPOUT, RATE, EPSILON = 512, 0.2, 1e-3, 1e-7


def epochs(quick: bool) -> int:
    """How many epochs to train; all but the first count."""
    return 2 if quick else 4


def mltrain(batch: int, quick: bool, watched: bool = False) -> float:
    options = ("--epochs", str(epochs(quick)), "--set", f"training.batch_size={batch}")
    return median(seconds_of_epochs(CONFIG, *options, watched=watched)[1:])


def torch(batch: int, quick: bool) -> float:
    import torch
    from torch import nn

    x, y = map(torch.from_numpy, training_rows())
    torch.manual_seed(0)
    model = nn.Sequential(nn.Linear(PIXELS, UNITS), nn.ReLU(), nn.Dropout(DROPOUT), nn.Linear(UNITS, CLASSES))
    optimizer = torch.optim.Adam(model.parameters(), lr=RATE, eps=EPSILON, fused=True)
    loss_of = nn.CrossEntropyLoss()

    def epoch() -> None:
        total = 0.0
        order = torch.randperm(len(x))
        for start in range(0, len(x), batch):
            rows = order[start : start + batch]
            optimizer.zero_grad()
            loss = loss_of(model(x[rows]), y[rows])
            loss.backward()
            optimizer.step()
            total += loss.item()

    return later(epoch, quick)


def keras(backend: str, batch: int, quick: bool) -> float:
    os.environ["KERAS_BACKEND"] = backend
    import keras

    x, y = training_rows()
    layers = keras.layers
    model = keras.Sequential(
        [
            layers.Input((PIXELS,)),
            layers.Dense(UNITS, "relu"),
            layers.Dropout(DROPOUT),
            layers.Dense(CLASSES, "softmax"),
        ]
    )
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
    begins: list[float] = []
    ends: list[float] = []
    clock = keras.callbacks.LambdaCallback(
        on_epoch_begin=lambda *_: begins.append(time.perf_counter()),
        on_epoch_end=lambda *_: ends.append(time.perf_counter()),
    )
    model.fit(x, y, batch_size=batch, epochs=epochs(quick), verbose=0, callbacks=[clock])
    return median([end - begin for begin, end in zip(begins, ends, strict=True)][1:])


def jax(batch: int, quick: bool) -> float:
    """The whole epoch is one compiled program: what XLA can do at best on this machine. Its shapes are fixed, so the
    rows must divide into whole batches."""
    import jax
    import jax.numpy as jnp
    import numpy as np

    images, labels = training_rows()

    def glorot(key: Any, inputs: int, outputs: int) -> Any:
        limit = (6 / (inputs + outputs)) ** 0.5
        return jax.random.uniform(key, (inputs, outputs), minval=-limit, maxval=limit)

    def loss_of(p: list[Any], x: Any, y: Any, key: Any) -> Any:
        hidden = jax.nn.relu(x @ p[0] + p[1])
        hidden = jnp.where(jax.random.bernoulli(key, 1 - DROPOUT, hidden.shape), hidden / (1 - DROPOUT), 0)
        return -jnp.take_along_axis(jax.nn.log_softmax(hidden @ p[2] + p[3]), y[:, None], 1).mean()

    def step(state: Any, rows: Any) -> Any:
        p, m, v, t, key, x, y = state
        key, drop = jax.random.split(key)
        loss, g = jax.value_and_grad(loss_of)(p, x[rows], y[rows], drop)
        t = t + 1
        m = [0.9 * a + 0.1 * b for a, b in zip(m, g, strict=True)]
        v = [0.999 * a + 0.001 * b * b for a, b in zip(v, g, strict=True)]
        p = [
            a - RATE * (b / (1 - 0.9**t)) / (jnp.sqrt(c / (1 - 0.999**t)) + EPSILON)
            for a, b, c in zip(p, m, v, strict=True)
        ]
        return (p, m, v, t, key, x, y), loss

    run = jax.jit(lambda state, order: jax.lax.scan(step, state, order))
    key, shuffle = jax.random.key(0), np.random.default_rng(0)
    p = [glorot(key, PIXELS, UNITS), jnp.zeros(UNITS), glorot(key, UNITS, CLASSES), jnp.zeros(CLASSES)]
    zeros = [jnp.zeros_like(a) for a in p]
    state = (p, zeros, zeros, jnp.float32(0), key, jnp.array(images), jnp.array(labels))

    def epoch() -> None:
        nonlocal state
        state, losses = run(state, jnp.array(shuffle.permutation(len(images)).reshape(-1, batch)))
        losses.block_until_ready()

    return later(epoch, quick)


def sklearn(batch: int, quick: bool) -> float:
    """It has no dropout, which makes it faster than it would be."""
    from sklearn.neural_network import MLPClassifier

    x, y = training_rows()
    model = MLPClassifier((UNITS,), batch_size=batch, alpha=0, epsilon=EPSILON, random_state=0)
    # One partial fit is one epoch of what fit does.
    return later(lambda: model.partial_fit(x, y, classes=range(CLASSES)), quick)


def later(epoch: Callable[[], object], quick: bool) -> float:
    """The median time of an epoch, the first one left out."""
    seconds = []
    for _ in range(epochs(quick)):
        began = time.perf_counter()
        epoch()
        seconds.append(time.perf_counter() - began)
    return median(seconds[1:])


def _against(batch: int, label: str, function: Callable[..., float], needs: str, *limits: float, **more: str) -> Side:
    return Side(label, function, {"batch": batch, **more}, tuple(needs.split()), *limits)


WORKS = [
    Work(
        "mnist-batch-32",
        "MNIST epoch, batch 32",
        "s",
        Side("mltrain", mltrain, {"batch": 32}),
        (
            _against(32, "Keras on TensorFlow", keras, "keras tensorflow-cpu", 0.35, 0.25, backend="tensorflow"),
            _against(32, "scikit-learn", sklearn, "scikit-learn", 0.3, 0.2),
            _against(32, "PyTorch, fused Adam", torch, "torch", 0.65, 0.5),
            _against(32, "Keras on JAX", keras, "keras jax jaxlib", 1.1, 0.8, backend="jax"),
            _against(32, "one jitted JAX scan", jax, "jax jaxlib", 1.6, 1.0),
            Side("itself, with the live table", mltrain, {"batch": 32, "watched": True}),
        ),
    ),
    Work(
        "mnist-batch-512",
        "MNIST epoch, batch 512",
        "s",
        Side("mltrain", mltrain, {"batch": 512}),
        (_against(512, "PyTorch, fused Adam", torch, "torch", 1.0, 0.8),),
    ),
]
