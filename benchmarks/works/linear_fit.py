"""The first lesson as a whole process: y = 3x + 1 from six points, 500 epochs."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.command import mltrain as command
from benchmarks.harness import Side, Work
from benchmarks.processes import ROOT, seconds_of


def times(quick: bool) -> int:
    """How often to run a command for its median."""
    return 1 if quick else 5


def mltrain(quick: bool) -> float:
    with TemporaryDirectory() as folder:
        return seconds_of(command("fit", str(ROOT / "configs/linear.yaml")), Path(folder), times=times(quick))


def torch(quick: bool) -> float:
    return seconds_of([sys.executable, "benchmarks/scripts/linear_torch.py"], times=times(quick))


WORKS = [
    Work(
        "linear-fit",
        "`mltrain fit configs/linear.yaml`, whole process",
        "ms",
        Side("mltrain", mltrain),
        (Side("the same in PyTorch", torch, needs=("torch",), at_most=0.15, aim=0.1),),
    )
]
