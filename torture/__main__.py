"""The command line: ``python -m torture --help``."""

import argparse
import os
import tempfile
from pathlib import Path


def main() -> None:
    """Do what is asked for; the exit code is 1, after a traceback, where a promise is broken."""
    parser = argparse.ArgumentParser(prog="python -m torture", description=__doc__)
    tasks = parser.add_subparsers(dest="task", required=True)
    moments = tasks.add_parser("moments", help="die at every moment of saving and downloading, one after the other")
    moments.add_argument("--every", type=int, default=16, help="bytes from one death in writing to the next")
    options = parser.parse_args()
    os.environ["no_proxy"] = "*"
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        os.chdir(folder)
        _moments(Path(folder), options.every)


def _moments(folder: Path, every: int) -> None:
    from torture.trials import all_trials, run_trial

    with all_trials(folder) as trials:
        for trial in trials:
            counts = run_trial(trial, every)
            print(f"{trial.name}: {', '.join(f'{count} times {what}' for what, count in counts.items())}; nothing lost")


if __name__ == "__main__":
    main()
