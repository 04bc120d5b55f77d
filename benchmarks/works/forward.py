"""10,000 images through the network of the MNIST lesson: prediction alone, and with loss and accuracy.

mltrain starts from images as bytes, as they are kept, and scales them on the way; PyTorch is given floats. Cores are
shared out as the commands do it.
"""

import time
from collections.abc import Callable
from statistics import median
from typing import Any

from benchmarks.harness import Side, Work
from benchmarks.processes import ROOT
from benchmarks.works._mnist import CLASSES, PIXELS, test_rows
from benchmarks.works.mnist_epoch import CONFIG, UNITS

WARM_UP, TIMES, QUICK_TIMES = 3, 30, 5


def mltrain_predict(quick: bool) -> float:
    model, rows = _mltrain()
    return median_of(lambda: model.predict(rows.x), quick)


def mltrain_evaluate(quick: bool) -> float:
    model, rows = _mltrain()
    return median_of(lambda: model.evaluate(rows), quick)


def _mltrain() -> tuple[Any, Any]:
    """The untrained model, and the test images."""
    from mltrain.system.threads import share_cores

    share_cores(None)  # must come before NumPy is imported
    from mltrain.config.load import load_config
    from mltrain.job import prepare

    job = prepare(load_config(ROOT / CONFIG), ROOT)
    return job.model([]), job.dataset.test


def torch_predict(quick: bool) -> float:
    import torch

    model, x, _ = _torch()
    with torch.no_grad():
        return median_of(lambda: torch.softmax(model(x), 1), quick)


def torch_evaluate(quick: bool) -> float:
    import torch

    model, x, y = _torch()

    def evaluate() -> tuple[float, float]:
        z = model(x)
        return torch.nn.functional.cross_entropy(z, y).item(), (z.argmax(1) == y).float().mean().item()

    with torch.no_grad():
        return median_of(evaluate, quick)


def _torch() -> tuple[Any, Any, Any]:
    import torch
    from torch import nn

    x, y = map(torch.from_numpy, test_rows())
    return nn.Sequential(nn.Linear(PIXELS, UNITS), nn.ReLU(), nn.Linear(UNITS, CLASSES)).eval(), x, y


def median_of(call: Callable[[], object], quick: bool) -> float:
    seconds = []
    for _ in range(WARM_UP + (QUICK_TIMES if quick else TIMES)):
        began = time.perf_counter()
        call()
        seconds.append(time.perf_counter() - began)
    return median(seconds[WARM_UP:])


WORKS = [
    Work(
        "predict-10000",
        "predict 10,000 images",
        "ms",
        Side("mltrain", mltrain_predict),
        (Side("PyTorch's forward pass", torch_predict, needs=("torch",), at_most=1.0),),
    ),
    Work(
        "evaluate-10000",
        "evaluate 10,000 images",
        "ms",
        Side("mltrain", mltrain_evaluate),
        (Side("PyTorch: forward, loss, accuracy", torch_evaluate, needs=("torch",), at_most=1.0),),
    ),
]
