"""Other processes: their time, their memory, and functions of ours that run in them."""

import contextlib
import json
import os
import pty
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from statistics import median
from typing import Any

ROOT = Path(__file__).parent.parent
"""The folder of the project: the working folder of all processes, unless something else is said."""

SAMPLE_EVERY = 0.01
"""Seconds between two looks at a process's memory."""

# Where this is set, every process may have to compile all that it imports anew, as no installed program does.
os.environ.pop("PYTHONDONTWRITEBYTECODE", None)

_LAST_LINES = 5
"""How much of what a process said on its way down is worth showing."""


class MeasurementFailed(Exception):
    """A process that should have been measured ended with an error."""


def call_in_process(python: str | Path, function: Callable[..., Any], **arguments: Any) -> Any:
    """What ``function(**arguments)`` returns in a new process of the interpreter ``python``; both in terms of JSON.

    The function must be at the top level of a module. Raises `MeasurementFailed`.
    """
    command = [str(python), "-m", "benchmarks.measure", function.__module__, function.__name__, json.dumps(arguments)]
    return json.loads(run(command).splitlines()[-1])


def run(command: Sequence[str], folder: Path = ROOT) -> str:
    """Run a command to its end; what it wrote to stdout. Raises `MeasurementFailed`."""
    done = subprocess.run(command, cwd=folder, capture_output=True, text=True, stdin=subprocess.DEVNULL)
    if done.returncode:
        said = done.stderr.strip().splitlines()[-_LAST_LINES:]
        raise MeasurementFailed("\n".join([f"{' '.join(command)}: exit code {done.returncode}", *said]))
    return done.stdout


def run_in_terminal(command: Sequence[str]) -> None:
    """Run a command that thinks it is watched: all that it writes goes through a pseudo-terminal, to our stdout.

    Raises `MeasurementFailed`.
    """
    os.environ.update(TERM="xterm-256color", COLUMNS="100", LINES="30")
    code = os.waitstatus_to_exitcode(pty.spawn(list(command)))
    if code:
        raise MeasurementFailed(f"{' '.join(command)}: exit code {code}")


def seconds_of(command: Sequence[str], folder: Path = ROOT, *, times: int) -> float:
    """The median time that the whole process takes, of so many runs after a first one that finds the files."""
    seconds = []
    for _ in range(times + 1):
        began = time.perf_counter()
        run(command, folder)
        seconds.append(time.perf_counter() - began)
    return median(seconds[1:])


def peak_memory_of(command: Sequence[str], folder: Path = ROOT) -> float:
    """The most memory, in bytes, that a command and all its helping processes ever used together.

    It is the larger of two numbers: the largest sum seen of what each process uses (pages that several of them share
    are divided among them), which may miss a short peak; and the largest single process by the system's own account,
    which misses nothing but knows only one. Raises `MeasurementFailed`.
    """
    peak = 0
    with subprocess.Popen(command, cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        while process.poll() is None:
            peak = max(peak, memory_of_tree(process.pid))
            time.sleep(SAMPLE_EVERY)
    if process.returncode:
        raise MeasurementFailed(f"{' '.join(command)}: exit code {process.returncode}")
    unit = 1 if sys.platform == "darwin" else 1024
    return max(peak, resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss * unit)


def memory_of_tree(process: int) -> int:
    """Bytes that a process and all below it use now, by proportional set size; 0 where the system has no such thing."""
    total = 0
    with contextlib.suppress(OSError):  # a process may end while we look at it
        place = Path("/proc", str(process))
        for line in (place / "smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                total += int(line.split()[1]) * 1024
        for thread in (place / "task").iterdir():
            total += sum(memory_of_tree(int(child)) for child in (thread / "children").read_text().split())
    return total
