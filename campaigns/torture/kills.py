"""``kill -9`` of real trainings, at moments that nobody has chosen.

All their processes are killed, or the first one, or a helper. Each training saves over a run. Afterwards the run must
be the old one or the new one, no process may be left, and going on must end in the bytes of a training that nobody
disturbed. Some train a second time at the end, or have folds: they are killed in the first training, in the second, and
while they save what the folds said.
"""

import os
import random
import signal
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from campaigns.torture.trials import empty, visible
from mltrain.errors import WorkerLost
from mltrain.runs.run import CHECKPOINT, HISTORY
from mltrain.runs.saved_run import SavedRun

CONFIG = """
dataset: {type: playground, shape: circle, samples: SAMPLES}
layers:
  - {type: dense, units: 300, activation: relu}
  - {type: dense, units: 300, activation: relu}
  - {type: dense, units: 1, activation: sigmoid}
loss: binary_crossentropy
"""
"""A network that two processes train."""

KINDS = {
    "plain": ("2000", ""),
    "refit": ("80000, validation_split: 0.2", "training: {early_stopping: {patience: 9, refit: true}}"),
    "folds": ("50000", "training: {early_stopping: {patience: 9, folds: 3}}"),
}
"""The number of rows of each kind of training, and what it adds to the config.

Those that are trained twice take seconds, so that they write checkpoints. The networks of folds have no helpers."""

WHOM = ("all processes", "the first process", "a helper")
OLD, NEW = 1, 5
"""Epochs of the run that is there, and of the one that is saved over it."""

PART = "the new run up to then"
"""What a training saves that has lost a worker after its first epoch, or in its second training."""

_PATIENCE = 10.0


def kill_fits(folder: Path, moments: int, seed: int, kind: str = "plain") -> Iterator[tuple[str, Counter[str]]]:
    """Kill so many trainings of this kind for each of `WHOM`; yields what was found then, and how often.

    Raises AssertionError.
    """
    rng, (samples, more) = random.Random(seed), KINDS[kind]
    (folder / "kills.yaml").write_text(CONFIG.replace("SAMPLES", samples) + more, encoding="utf-8")
    assert _fit(folder, OLD).wait() == 0
    old = visible(folder / "run")
    began = time.monotonic()
    assert _fit(folder, NEW).wait() == 0
    seconds = time.monotonic() - began
    states = {"the old run": _timeless(old), "the new run": _timeless(visible(folder / "run"))}
    for whom in WHOM[:1] if kind == "folds" else WHOM:
        found: Counter[str] = Counter()
        for _ in range(moments):
            empty(folder / "run")
            for name, content in old.items():
                (folder / "run" / name).write_bytes(content)
            process = _fit(folder, NEW)
            if whom == "a helper":
                _wait_for_helpers(process)
                time.sleep(rng.uniform(0, seconds if kind == "refit" else 0.1 * seconds))
            else:
                time.sleep(rng.uniform(0, 1.1 * seconds))
            hit = _kill(process, whom)
            code = process.wait()
            _assert_all_have_ended(process.pid)
            assert code in (0, -signal.SIGKILL, WorkerLost.exit_code), f"exit code {code}"
            SavedRun.read(folder / "run")
            state = _timeless(visible(folder / "run"))
            which = next((name for name, expected in states.items() if expected == state), PART)
            epochs = len(visible(folder / "run")[HISTORY].splitlines()) - 1
            if which == PART:
                assert code == WorkerLost.exit_code, "the run is neither the old one nor the new one"
                assert 0 < epochs < NEW + (kind == "refit"), "the history is of another run"
            else:
                assert epochs == (OLD if which == "the old run" else NEW), "the history is of another run"
            assert _run("--resume", "run", folder=folder, epochs=NEW).wait() == 0, "it does not go on"
            assert _timeless(visible(folder / "run")) == states["the new run"], "it did not go on as it would have"
            found[which if hit else f"{which}, and nobody was there to be killed"] += 1
        yield whom, found
    _fit(folder, NEW).wait()
    assert set(visible(folder / "run")) == {path.name for path in (folder / "run").iterdir()}, "something is left over"


def _timeless(files: dict[str, bytes]) -> dict[str, bytes]:
    """The files of a run, but for the history and the checkpoint, which hold times.

    The checkpoint belongs to the training that was killed, as soon as it has written one.
    """
    return {name: content for name, content in files.items() if name not in (HISTORY, CHECKPOINT)}


def _fit(folder: Path, epochs: int) -> "subprocess.Popen[bytes]":
    return _run("kills.yaml", "--out", "run", folder=folder, epochs=epochs)


def _run(*words: str, folder: Path, epochs: int) -> "subprocess.Popen[bytes]":
    return subprocess.Popen(
        [sys.executable, "-m", "mltrain", "fit", *words, "--quiet", "--threads", "2", "--epochs", str(epochs)],
        cwd=folder,
        start_new_session=True,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )


def _kill(process: "subprocess.Popen[bytes]", whom: str) -> bool:
    """Whether there was anybody to be killed."""
    try:
        if whom == "all processes":
            os.killpg(process.pid, signal.SIGKILL)
        elif whom == "the first process":
            os.kill(process.pid, signal.SIGKILL)
        else:
            os.kill(_helpers(process)[0], signal.SIGKILL)
    except (OSError, IndexError):
        return False
    return True


def _helpers(process: "subprocess.Popen[bytes]") -> list[int]:
    try:
        children = Path(f"/proc/{process.pid}/task/{process.pid}/children").read_text("ascii")
    except OSError:
        return []
    return [int(child) for child in children.split()]


def _wait_for_helpers(process: "subprocess.Popen[bytes]") -> None:
    while process.poll() is None and not _helpers(process):
        time.sleep(0.001)


def _assert_all_have_ended(group: int) -> None:
    """Helpers whose first process is no more go home by themselves."""
    deadline = time.monotonic() + _PATIENCE
    while _is_alive(group):
        assert time.monotonic() < deadline, "a helper outlives its training"
        time.sleep(0.01)


def _is_alive(group: int) -> bool:
    try:
        os.killpg(group, 0)
    except ProcessLookupError:
        return False
    return True
