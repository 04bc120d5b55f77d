"""A sweep of fifty random networks for a small table, the whole process; and what a trial takes beyond its training."""

import sys
import time
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.command import mltrain as command
from benchmarks.harness import Side, Work
from benchmarks.processes import ROOT, run, seconds_of

SWEEP = str(ROOT / "configs/sweeps/penguins.yaml")
TABLE = str(ROOT / "data/penguins.csv")
TRIALS = 50

OVERHEAD = 0.03
"""Seconds that a trial may take beyond its training."""


def mltrain(quick: bool) -> float:
    with TemporaryDirectory() as folder:
        words = ["--trials", str(_trials(quick)), "--set", "search.sampler=random"]
        return seconds_of(command("sweep", SWEEP, *words), Path(folder), times=1 if quick else 3)


def ray_tune(quick: bool) -> float:
    return _peer("sweep_ray.py", quick)


def keras_tuner(quick: bool) -> float:
    return _peer("sweep_keras.py", quick)


def _peer(script: str, quick: bool) -> float:
    with TemporaryDirectory() as folder:
        began = time.perf_counter()
        run([sys.executable, str(ROOT / "benchmarks/scripts" / script), TABLE, str(_trials(quick))], Path(folder))
        return time.perf_counter() - began


def _trials(quick: bool) -> int:
    return 2 if quick else TRIALS


def overhead(quick: bool) -> float:
    """What one trial more takes, of one epoch, which is a little of it."""
    few, many = (1, 3) if quick else (10, 110)
    with TemporaryDirectory() as folder:
        seconds = [
            seconds_of(
                command("sweep", SWEEP, "--trials", str(count), "--set", "training.epochs=1"), Path(folder), times=1
            )
            for count in (few, many)
        ]
    return max(seconds[1] - seconds[0], 1e-4) / (many - few)


def allowance(quick: bool) -> float:  # noqa: ARG001 - a side like any other
    return OVERHEAD


WORKS = [
    Work(
        "sweep",
        f"`mltrain sweep`, {TRIALS} trials for the penguins, whole process",
        "s",
        Side("mltrain", mltrain),
        (
            Side("the same in Ray Tune", ray_tune, needs=("ray", "torch"), at_most=0.2),
            Side("the same in Keras Tuner", keras_tuner, needs=("keras-tuner", "tensorflow-cpu"), at_most=0.2),
        ),
    ),
    Work(
        "sweep-overhead",
        "`mltrain sweep`, a trial of one epoch more",
        "ms",
        Side("mltrain", overhead),
        (Side(f"{OVERHEAD * 1000:.0f} ms", allowance, at_most=1.0),),
    ),
]
