"""The most memory that training on MNIST takes, all helping processes included."""

import json
import sys
from tempfile import TemporaryDirectory

from benchmarks.command import mltrain as command
from benchmarks.harness import Side, Work
from benchmarks.processes import peak_memory_of
from benchmarks.works import mnist_epoch


def mltrain(quick: bool) -> float:
    with TemporaryDirectory() as folder:
        epochs = str(mnist_epoch.epochs(quick))
        return peak_memory_of(command("fit", mnist_epoch.CONFIG, "--epochs", epochs, "--out", folder))


def torch(quick: bool) -> float:
    arguments = json.dumps({"batch": 32, "quick": quick})
    return peak_memory_of([sys.executable, "-m", "benchmarks.measure", mnist_epoch.__name__, "torch", arguments])


WORKS = [
    Work(
        "mnist-memory",
        "peak memory of the MNIST fit",
        "MB",
        Side("mltrain", mltrain),
        (Side("PyTorch", torch, needs=("torch",), at_most=0.4, aim=0.3),),
    )
]
