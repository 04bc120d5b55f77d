"""Commands that are over at once: whole processes, in which importing is most of the time."""

import sys
from pathlib import Path
from tempfile import TemporaryDirectory

from benchmarks.command import mltrain as command
from benchmarks.harness import Side, Work
from benchmarks.processes import ROOT, run, seconds_of
from benchmarks.works.linear_fit import times

HELP_ALLOWANCE = 0.1
"""Seconds that ``mltrain --help`` may take longer than Python itself."""


def predict(quick: bool) -> float:
    with TemporaryDirectory() as folder:
        run(command("fit", str(ROOT / "configs/linear.yaml"), "--epochs", "1"), Path(folder))
        return seconds_of(command("predict", "--x", "10"), Path(folder), times=times(quick))


def import_torch(quick: bool) -> float:
    return seconds_of([sys.executable, "-c", "import torch"], times=times(quick))


def show_help(quick: bool) -> float:
    return seconds_of(command("--help"), times=times(quick))


def python_and_allowance(quick: bool) -> float:
    return seconds_of([sys.executable, "-c", "pass"], times=times(quick)) + HELP_ALLOWANCE


WORKS = [
    Work(
        "predict-command",
        "`mltrain predict --x 10`, whole process",
        "ms",
        Side("mltrain", predict),
        (Side("importing torch", import_torch, needs=("torch",), at_most=0.3, aim=0.2),),
    ),
    Work(
        "help-command",
        "`mltrain --help`, whole process",
        "ms",
        Side("mltrain", show_help),
        (Side(f"`python -c pass` plus {HELP_ALLOWANCE} s", python_and_allowance, at_most=1.0),),
    ),
]
