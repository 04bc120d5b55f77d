"""Runs the tests against mutants, each in a copy of the checkout, and counts which were noticed."""

import contextlib
import os
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from campaigns.mutation.mutants import Mutant
from campaigns.mutation.related import stages

Verdict = Literal["killed", "survived", "timeout"]
"""A mutant on which the tests take too long counts as noticed, too."""

_COPIED = ("mltrain", "tests", "configs", "data", "docs", "benchmarks", "campaigns", "pyproject.toml")
_ROOT_FILES = ("*.md", "*.txt", ".gitignore", "LICENSE")


@dataclass
class Tally:
    """The mutants by verdict."""

    killed: int = 0
    timeouts: int = 0
    survivors: list[Mutant] = field(default_factory=list)

    def report(self, known: Iterable[str] = ()) -> str:
        """A line of counts, then each survivor; those whose `Mutant.key` is ``known`` to change nothing come last."""
        known = set(known)
        unknown = [mutant for mutant in self.survivors if mutant.key not in known]
        equivalent = len(self.survivors) - len(unknown)
        counts = f"{self.killed} killed, {self.timeouts} timed out, {len(unknown)} survived, {equivalent} equivalent"
        return "\n".join([counts, *map(str, unknown)])


class Checkout:
    """A copy of the checkout in ``folder``, in which one file at a time is changed."""

    def __init__(self, root: Path, folder: Path):
        self.folder = folder
        for name in _COPIED:
            if (root / name).is_dir():
                shutil.copytree(root / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
        for pattern in (*_ROOT_FILES, "pyproject.toml"):
            for file in root.glob(pattern):
                shutil.copy(file, folder / file.name)

    def verdict(self, mutant: Mutant, seconds: float, workers: int, most_stages: int = 3) -> Verdict:
        """What the first stages of the tests say to a mutant; each may take so many ``seconds``."""
        path = self.folder / mutant.path
        original = path.read_text("utf-8")
        path.write_text(mutant.text, "utf-8")
        try:
            for tests in stages(mutant.path, self.folder)[:most_stages]:
                code = self.run(tests, seconds, workers)
                if code is None:
                    return "timeout"
                if code:
                    return "killed"
            return "survived"
        finally:
            path.write_text(original, "utf-8")

    def run(self, tests: Sequence[str], seconds: float, workers: int = 0) -> int | None:
        """Run test files up to the first failure: pytest's exit code, or None after so many ``seconds``."""
        if not tests:
            return 0
        command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", str(workers), "-p", "no:cacheprovider", *tests]
        environment = os.environ | {"PYTHONPATH": str(self.folder), "PYTHONDONTWRITEBYTECODE": "1"}
        process = subprocess.Popen(
            command,
            cwd=self.folder,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            start_new_session=True,
        )
        try:
            return process.wait(seconds)
        except subprocess.TimeoutExpired:
            return None
        finally:
            _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process with all that it started."""
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()


def run_all(
    mutants: Sequence[Mutant],
    judge: Callable[[Mutant], Verdict],
    tell: Callable[[str], None] = lambda _: None,
) -> Tally:
    """Judge all mutants in turn; ``tell`` gets a line about each."""
    tally = Tally()
    for number, mutant in enumerate(mutants):
        verdict = judge(mutant)
        tell(f"{number:4} {verdict:8} {mutant}")
        if verdict == "killed":
            tally.killed += 1
        elif verdict == "timeout":
            tally.timeouts += 1
        else:
            tally.survivors.append(mutant)
    return tally
