"""A step of training allocates next to nothing: all that is large is planned before the first one."""

import tracemalloc
from typing import Any

import numpy as np
import pytest
from toy_training import dense, network, training_of

from mltrain.backends.base import Rows
from mltrain.data.preprocessing import pixels

BATCH, HIDDEN = 32, 512
FIRST, LAST = 5, 130
"""The steps between which is measured: the first few may still set things up, and the 128th flushes the optimizer."""


@pytest.mark.parametrize(
    ("how", "regularizer", "accumulation"),
    [("adam", None, 1), ({"type": "adam", "use_ema": True}, "l1_l2", 2)],
    ids=["plain", "longer"],
)
def test_a_step_allocates_no_more_than_one_activation(how: Any, regularizer: Any, accumulation: int) -> None:
    """The network of the MNIST lesson on random pixels. One activation is 32 x 512 numbers, 64 KB."""
    rng = np.random.default_rng(0)
    images = rng.integers(0, 256, (BATCH * (LAST + 5), 28, 28), np.uint8)
    rows = Rows(images, rng.integers(0, 10, len(images)).astype(np.int32))
    hidden = dense(HIDDEN, "relu", kernel_regularizer=regularizer)
    net = network((28, 28), "flatten", hidden, {"type": "dropout", "rate": 0.2}, dense(10, "softmax"))
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
    assert 0 < peak - before <= 4 * BATCH * HIDDEN
