"""mltrain's command line, as users call it."""

import csv
import sysconfig
import tempfile
from pathlib import Path

from benchmarks.processes import run, run_in_terminal


def mltrain(*words: str) -> list[str]:
    """The command ``mltrain`` of this environment with these words behind it."""
    return [str(Path(sysconfig.get_path("scripts"), "mltrain")), *words]


def seconds_of_epochs(config: str, *options: str, watched: bool = False) -> list[float]:
    """Train ``config`` by ``mltrain fit``; the seconds that each epoch took, from the run's history.

    Metrics are in them, and so is what the display does meanwhile: a line an epoch, or the live table if ``watched``
    through a terminal.
    """
    with tempfile.TemporaryDirectory() as folder:
        command = mltrain("fit", config, "--out", folder, *options)
        if watched:
            run_in_terminal(command)
        else:
            run(command)
        with Path(folder, "history.csv").open(encoding="utf-8", newline="") as file:
            return [float(row["seconds"]) for row in csv.DictReader(file)]
