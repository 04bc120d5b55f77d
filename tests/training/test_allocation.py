"""A step of training allocates next to nothing: all that is large is planned before the first one."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from toy_training import dense, network, training_of

from mltrain.backends.base import Rows
from mltrain.data.preprocessing import pixels

BATCH, HIDDEN, COSINES = 32, 512, 32
FIRST, LAST = 5, 130
"""The steps between which is measured: the first few may still set things up, and the 128th flushes the optimizer."""


DENSE = ["flatten", dense(HIDDEN, "relu"), {"type": "dropout", "rate": 0.2}, dense(10, "softmax")]
PENALIZED = ["flatten", dense(HIDDEN, "relu", kernel_regularizer="l1_l2"), *DENSE[2:]]
CONVOLUTIONS = [
    {"type": "conv2d", "filters": 8, "kernel_size": 3, "padding": "same", "activation": "relu"},
    "max_pooling2d",
    {"type": "residual", "layers": [{"type": "conv2d", "filters": 8, "kernel_size": 3, "padding": "same"}]},
    "batch_normalization",
    {"type": "average_pooling2d", "pool_size": 3, "strides": 2},
    {"type": "depthwise_conv2d", "kernel_size": 3},
    "flatten",
    {"type": "dropout", "rate": 0.5},
    dense(10, "softmax"),
]
WAVES = [
    {"type": "average_pooling2d", "pool_size": 4},
    "flatten",
    {"type": "periodic_embedding", "frequencies": COSINES},
    dense(10, "softmax"),
]


@pytest.mark.parametrize(
    ("layers", "how", "accumulation", "most"),
    [
        (DENSE, "adam", 1, 4 * BATCH * HIDDEN),
        (PENALIZED, {"type": "adam", "use_ema": True}, 2, 4 * BATCH * HIDDEN),
        (CONVOLUTIONS, "adam", 1, BATCH * 28 * 28 * 8),
        (WAVES, "adamw", 1, 4 * BATCH * 7 * 7 * COSINES),
    ],
    ids=["plain", "longer", "convolutions", "waves"],
)
def test_a_step_allocates_no_more_than_one_activation(layers: Any, how: Any, accumulation: int, most: int) -> None:
    """The network of the MNIST lesson, of which one activation is 32 x 512 numbers, 64 KB; and one of convolutions,
    which allocates less than a byte for each number of its first activation: NumPy's own buffers, of constant size."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (BATCH * (LAST + 5), 28, 28), np.uint8)
    rows = Rows(images, rng.integers(0, 10, len(images)).astype(np.int32))
    net = network((28, 28), *layers)
    before = peak = 0

    def progress(step: int, *_: object) -> None:
        nonlocal before, peak
        if step >= FIRST and not before:
            before, _ = tracemalloc.get_traced_memory()
            tracemalloc.reset_peak()
        elif step <= LAST:
            _, peak = tracemalloc.get_traced_memory()

    tracemalloc.start()
    try:
        (report,) = training_of(
            net,
            rows,
            how=how,
            gradient_accumulation=accumulation,
            aim="sparse_categorical_crossentropy",
            measure=["accuracy"],
            preprocessing=pixels(scale=True),
            progress=progress,
        )
    finally:
        tracemalloc.stop()
    assert report.steps > LAST
    assert 0 < peak - before <= most
