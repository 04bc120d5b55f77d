"""Networks of any size on random rows: the time and memory of a training step, and its matrix products alone.

``features`` numbers a row go through ``depth`` dense layers of ``width`` relu units to a softmax over ten classes;
Adam, no metrics.
"""

import os
import time
from functools import partial
from itertools import pairwise

from benchmarks.processes import memory_of_tree

CLASSES = 10
SECONDS, QUICK_SECONDS = 1.0, 0.05
"""For how long a step is repeated, at the least."""


def step(features: int, width: int, depth: int, batch: int, rows: int, quick: bool) -> dict[str, float]:
    """Train as ``mltrain fit`` does: ``seconds`` a step, in epochs after the first, and ``memory`` in bytes then."""
    from mltrain.system.threads import share_cores

    share_cores(None)  # must come before NumPy is imported
    import numpy as np

    from mltrain.backends.base import Rows
    from mltrain.backends.default import default_backend
    from mltrain.engine.activations.relu import Relu
    from mltrain.engine.activations.softmax import Softmax
    from mltrain.engine.layers.dense import Dense
    from mltrain.engine.losses.sparse_categorical_crossentropy import SparseCategoricalCrossentropy
    from mltrain.engine.network import Network
    from mltrain.engine.optimizers.adam import Adam
    from mltrain.random_streams import generator
    from mltrain.training.loop import train
    from mltrain.training.options import Training

    rng = generator(0, "data")
    data = Rows(rng.standard_normal((rows, features), np.float32), rng.integers(CLASSES, size=rows, dtype=np.int32))
    hidden = [Dense(units=width, activation=Relu())] * depth
    network = Network([*hidden, Dense(units=CLASSES, activation=Softmax())], (features,))
    network.initialize(generator(0, "weights"))
    enough = Training(epochs=1_000_000, batch_size=batch)
    reports = train(
        network,
        data,
        backend=default_backend(),
        loss=SparseCategoricalCrossentropy(),
        optimizer=Adam(),
        training=enough,
    )
    next(reports)
    seconds, steps = 0.0, 0
    while seconds < (QUICK_SECONDS if quick else SECONDS):
        report = next(reports)
        seconds, steps = seconds + report.seconds, steps + report.steps
    return {"seconds": seconds / steps, "memory": memory_of_tree(os.getpid())}


def step_seconds(features: int, width: int, depth: int, batch: int, rows: int, quick: bool) -> float:
    """The time alone."""
    return step(features, width, depth, batch, rows, quick)["seconds"]


def products(features: int, width: int, depth: int, batch: int, quick: bool) -> float:
    """Seconds that NumPy takes for the matrix products of such a step alone, with as many threads as it likes."""
    import numpy as np

    sizes = [features, *[width] * depth, CLASSES]
    calls = []
    for index, (inputs, units) in enumerate(pairwise(sizes)):
        x, kernel, y = (np.ones(shape, np.float32) for shape in ((batch, inputs), (inputs, units), (batch, units)))
        calls += [partial(np.dot, x, kernel, out=y.copy()), partial(np.dot, x.T, y, out=kernel.copy())]
        if index:  # nobody needs the gradient of the network's own input
            calls.append(partial(np.dot, y, kernel.T, out=x.copy()))
    for call in calls:
        call()  # touches all memory for the first time
    repeats, seconds, began = 0, 0.0, time.perf_counter()
    while seconds < (QUICK_SECONDS if quick else SECONDS):
        for call in calls:
            call()
        repeats += 1
        seconds = time.perf_counter() - began
    return seconds / repeats
