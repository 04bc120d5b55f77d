"""Is one checkout of mltrain as fast as another?

    python -m campaigns.same_speed OLD NEW [--rounds 5]

Each round measures both checkouts, one after the other, in processes of this Python: an epoch of the MNIST lesson with
as many processes as there are cores and with ``--threads 1``, steps of a small network, and whole commands. The medians
over the rounds are compared, and the smallest values, which a busy machine disturbs less.
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median


def run(checkout: Path, *words: str) -> str:
    """The stdout of a command of the checkout."""
    command = [sys.executable, "-m", "mltrain", *words]
    environment = os.environ | {"PYTHONPATH": str(checkout)}
    environment.pop("PYTHONDONTWRITEBYTECODE", None)  # as users have it; the first run of a checkout compiles it
    return subprocess.run(command, cwd=checkout, env=environment, capture_output=True, text=True, check=True).stdout


def seconds_of_training(config: str, *options: str) -> Callable[[Path], float]:
    """The seconds that training took by its own account, without starting and saving."""

    def measure(checkout: Path) -> float:
        with tempfile.TemporaryDirectory() as folder:
            out = str(Path(folder, "run"))
            document = run(checkout, "fit", f"configs/{config}.yaml", "--out", out, "--json", *options)
        return float(json.loads(document)["seconds"])

    return measure


def seconds_of_command(*words: str) -> Callable[[Path], float]:
    """The seconds of a whole command."""

    def measure(checkout: Path) -> float:
        with tempfile.TemporaryDirectory() as folder:
            began = time.perf_counter()
            run(checkout, *(word.replace("OUT", str(Path(folder, "run"))) for word in words))
            return time.perf_counter() - began

    return measure


MEASURES: dict[str, Callable[[Path], float]] = {
    "an epoch of mnist": seconds_of_training("mnist", "--epochs", "1"),
    "an epoch of mnist, one process": seconds_of_training("mnist", "--epochs", "1", "--threads", "1"),
    "20,000 steps of circle": seconds_of_training("circle", "--epochs", "1000", "--set", "training.batch_size=10"),
    "fit linear, whole command": seconds_of_command("fit", "configs/linear.yaml", "--out", "OUT", "--quiet"),
    "mltrain --help": seconds_of_command("--help"),
}


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("old", type=Path)
    parser.add_argument("new", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    asked = parser.parse_args()
    checkouts = (asked.old.resolve(), asked.new.resolve())
    print(f"{'':32} {'old':>9} {'new':>9}  new/old by median, by smallest")
    for name, measure in MEASURES.items():
        found: tuple[list[float], list[float]] = ([], [])
        for number in range(asked.rounds):
            for index in (0, 1) if number % 2 else (1, 0):
                found[index].append(measure(checkouts[index]))
        old, new = found
        ratios = f"{median(new) / median(old):.3f}, {min(new) / min(old):.3f}"
        print(f"{name:32} {median(old):8.3f}s {median(new):8.3f}s  {ratios}", flush=True)


if __name__ == "__main__":
    main()
