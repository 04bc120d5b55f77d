"""Whether training grows slower as it goes on, for every optimizer: no epoch may take longer than the first.

State that decays into the subnormal numbers would make it so; see `mltrain.engine.optimizers.Update`. About twenty
minutes.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from statistics import median
from typing import Any

from benchmarks.command import seconds_of_epochs
from benchmarks.harness import Run
from benchmarks.report import number, table
from benchmarks.works.mnist_epoch import CONFIG

EPOCHS, QUICK_EPOCHS = 20, 3
AT_MOST = 1.1
"""How many times as long as the first epoch a later one may take."""


@dataclass(frozen=True)
class TrainingRun:
    """The seconds of each epoch, in the fastest of the rounds: what else a machine does only adds to them."""

    seconds: Sequence[float]

    @property
    def slowest(self) -> float:
        """The slowest epoch after the first, as a multiple of the first."""
        return max(self.seconds[1:]) / self.seconds[0]

    @property
    def typical(self) -> float:
        """The median epoch after the first, as a multiple of the first."""
        return median(self.seconds[1:]) / self.seconds[0]


def measure(run: Run, seconds_of: Callable[..., list[float]] = seconds_of_epochs) -> dict[str, TrainingRun]:
    """Train the MNIST lesson with each optimizer in turn, as the command does, in a process of its own each time."""
    from mltrain.engine.optimizers.base import Optimizer

    run.tell("no later epoch slower than the first")
    epochs = str(QUICK_EPOCHS if run.quick else EPOCHS)
    calls = {
        name: partial(seconds_of, CONFIG, "--epochs", epochs, "--set", f"optimizer={name}")
        for name in Optimizer.family.names()
    }
    return {
        name: TrainingRun([min(epoch) for epoch in zip(*rounds, strict=True)])
        for name, rounds in run.alternate(calls).items()
    }


def course_table(courses: Mapping[str, TrainingRun]) -> str:
    """A row an optimizer."""
    header = ["optimizer", "epoch 1", "slowest later one", "median later one", "at most", ""]
    rows = [
        [
            name,
            f"{number(course.seconds[0])} s",
            f"{course.slowest:.2f}",
            f"{course.typical:.2f}",
            f"{AT_MOST:.2f}",
            "met" if course.slowest <= AT_MOST else "not met",
        ]
        for name, course in courses.items()
    ]
    return table(header, rows)


def course_document(courses: Mapping[str, TrainingRun]) -> dict[str, Any]:
    """The same for programs."""
    return {
        name: {
            "seconds": list(course.seconds),
            "slowest": course.slowest,
            "median": course.typical,
            "at_most": AT_MOST,
        }
        for name, course in courses.items()
    }
