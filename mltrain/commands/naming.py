"""The run or model that a command line names: as an argument, or after ``--model``."""

from pathlib import Path

from mltrain.errors import UsageError
from mltrain.runs.run import CHECKPOINT, find_run, is_latest


def chosen(argument: Path | None, option: Path | None) -> Path | None:
    """The run or model that was named, in either of the two ways; None stands for the newest."""
    if argument is not None and option is not None:
        raise UsageError(f"{argument} and --model {option} both name a run or model; give one of them")
    name = argument if option is None else option
    return None if name is None or is_latest(name) else name


def run_to_resume(name: Path) -> Path:
    """The folder of the run to resume, finished or not."""
    return find_run(name, holding=CHECKPOINT)
