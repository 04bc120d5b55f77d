"""Readers of a run over which others are saved all the time: each must see the files of one training."""

import os
import signal
import time
from collections import Counter
from pathlib import Path

from msgspec.structs import replace

from mltrain.config.load import read_words
from mltrain.inference.model import Model
from mltrain.job import prepare
from mltrain.runs.catalogue import list_runs
from mltrain.runs.frames import Frames
from mltrain.runs.run import CONFIG, Run
from mltrain.runs.saved_run import SavedRun
from mltrain.training.epoch_report import EpochReport

TEXT = """
name: line
dataset: {type: linear, slope: 3, intercept: 2, x: [0, 1, 2]}
layers: [{type: dense, units: 1}]
loss: mse
"""
"""A config whose seed, 1 or 2, is also the number of epochs in the history and of frames."""


def read_while_saving(folder: Path, seconds: float) -> Counter[str]:
    """How many saves and reads there were in so many seconds. Raises AssertionError where files were mixed."""
    path = folder / "line.yaml"
    path.write_text(TEXT, encoding="utf-8")
    models = [prepare(replace(read_words(path), seed=seed), folder).model([]) for seed in (1, 2)]
    run = folder / "runs" / "line-001"
    _save(run, models[0])
    saver = os.fork()
    if saver == 0:
        _save_for_ever(run, models)
    counts: Counter[str] = Counter()
    try:
        end = time.monotonic() + seconds
        seen: set[int] = set()
        while time.monotonic() < end or seen != {1, 2}:
            seen.add(_check(run))
            counts["reads"] += 1
            (facts,), others = list_runs(run.parent)
            assert others == []
            assert facts.epochs in (1, 2)
    finally:
        os.kill(saver, signal.SIGKILL)
        os.waitpid(saver, 0)
    counts["saves"] = int((folder / "saves").stat().st_size)
    _check(run)
    return counts


def _check(run: Path) -> int:
    """The seed of the training whose files are there."""
    record = SavedRun.read(run)
    seed = record.model.config.seed
    assert record.epochs == seed, f"the model of seed {seed} with a history of {record.epochs} epochs"
    assert record.frames is not None
    assert len(record.frames.epochs) == seed, f"the model of seed {seed} with {len(record.frames.epochs)} frames"
    return seed


def _save(run: Path, model: Model) -> None:
    seed = model.config.seed
    reports = [EpochReport(epoch, seed, 1, 0.1, 1.0, {}) for epoch in range(1, seed + 1)]
    frames = Frames()
    for epoch in range(seed):
        frames.keep(epoch, model.network.parameters)
    with Run.claim("line", run) as claimed:
        claimed.save(model, reports, run.parent, frames)
    assert read_words(run / CONFIG).seed == seed


def _save_for_ever(run: Path, models: list[Model]) -> None:
    with (run.parents[1] / "saves").open("ab", buffering=0) as count:
        while True:
            for model in models:
                _save(run, model)
                count.write(b".")
