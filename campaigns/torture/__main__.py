"""The command line: ``python -m campaigns.torture --help``."""

import argparse
import os
import sys
import tempfile
from pathlib import Path


def main() -> None:
    """Do what is asked for. Ends with a message or a traceback, and exit code 1, where a promise is broken."""
    options = _read()
    os.environ["no_proxy"] = "*"
    with tempfile.TemporaryDirectory(prefix="torture-") as folder:
        os.chdir(folder)
        if options.task == "moments":
            _moments(Path(folder), options.every)
        elif options.task == "soak":
            _soak(options.steps, options.readings)
        elif options.task == "kill":
            _kill(Path(folder), options.moments, options.seed, options.kind)
        elif options.task == "readers":
            _readers(Path(folder), options.seconds)
        else:
            _crowd(Path(folder), options.fits)
        os.chdir("/")  # so that the folder can be deleted everywhere


def _read() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m campaigns.torture", description="Try to make mltrain lose something."
    )
    tasks = parser.add_subparsers(dest="task", required=True)
    moments = tasks.add_parser("moments", help="die at every moment of saving and downloading, one after the other")
    moments.add_argument("--every", type=int, default=16, help="bytes from one death in writing to the next")
    soak = tasks.add_parser("soak", help="train for very many steps, and watch memory, files and speed")
    soak.add_argument("--steps", type=lambda text: int(text.replace("_", "")), default=10_000_000)
    soak.add_argument("--readings", type=int, default=10, help="how often to look")
    kill = tasks.add_parser("kill", help="kill -9 trainings at random moments")
    kill.add_argument("--moments", type=int, default=100, help="how many, for each of three ways to kill")
    kill.add_argument("--seed", type=int, default=0, help="of the moments")
    kill.add_argument("--kind", choices=("plain", "refit", "folds"), default="plain", help="of the trainings")
    readers = tasks.add_parser("readers", help="read a run over which others are saved all the time")
    readers.add_argument("--seconds", type=float, default=60)
    crowd = tasks.add_parser("crowd", help="start very many trainings at once in one folder")
    crowd.add_argument("--fits", type=int, default=200, help="how many")
    return parser.parse_args()


def _moments(folder: Path, every: int) -> None:
    from campaigns.torture.trials import all_trials, run_trial

    with all_trials(folder) as trials:
        for trial in trials:
            counts = run_trial(trial, every)
            print(f"{trial.name}: {', '.join(f'{count} times {what}' for what, count in counts.items())}; nothing lost")


def _soak(steps: int, count: int) -> None:
    from campaigns.torture.soak import judge, soak

    readings = []
    for reading in soak(steps, count):
        print(reading, flush=True)
        readings.append(reading)
    if complaints := judge(readings):
        sys.exit("; ".join(complaints))


def _kill(folder: Path, moments: int, seed: int, kind: str) -> None:
    from campaigns.torture.kills import kill_fits

    for whom, found in kill_fits(folder, moments, seed, kind):
        print(
            f"killed {whom} {moments} times: {', '.join(f'{count} times {what}' for what, count in found.items())}",
            flush=True,
        )


def _readers(folder: Path, seconds: float) -> None:
    from campaigns.torture.readers import read_while_saving

    counts = read_while_saving(folder, seconds)
    print(f"{counts['saves']} runs saved over each other, {counts['reads']} reads of it; each saw one of them, whole")


def _crowd(folder: Path, fits: int) -> None:
    from campaigns.torture.crowd import crowd

    names = crowd(folder, fits)
    print(f"{len(names)} trainings at once have {len(set(names))} run numbers, and all runs are whole")


if __name__ == "__main__":
    main()
