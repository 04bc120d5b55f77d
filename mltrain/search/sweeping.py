"""The worker of a sweep: takes trials and trains their networks, until none is left."""

import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from mltrain.config import Config
from mltrain.config.search_space import trial_config
from mltrain.data.base import Dataset, LazyDataset, RawData
from mltrain.errors import DataError, MltrainError, Problem, StorageError, TrainingInterrupted
from mltrain.inference.ensemble import Role
from mltrain.job import TrainingJob, prepare
from mltrain.search.folds import fold_tasks
from mltrain.search.processes import Context
from mltrain.search.storage import Sweep, Taken
from mltrain.search.trainings import Trained, train_one
from mltrain.training.epoch_report import EpochReport
from mltrain.training.monitor import why_missing

_PAUSE = 0.2
"""Seconds between two looks at trials that others are training."""


class _Pruned(Exception):
    """The pruner ends the trial."""


@dataclass
class Worker:
    """Trains trials of ``sweep``. ``job`` is that of the config itself, with its rows; ``raw`` are those, for folds."""

    sweep: Sweep
    folder: Path
    job: TrainingJob
    raw: RawData | None = None

    def __call__(self, context: Context) -> None:
        """Work until all trials are finished. Raises `TrainingInterrupted`, and `StorageError` without the storage."""
        with self.sweep.reaching():
            while (trial := self.sweep.take()) is not None or self._waits(context):
                if trial is not None:
                    self._try(trial, context)
                    context.tell(1.0)

    def _waits(self, context: Context) -> bool:
        """Wait for trials of other workers; False when all are finished. What they lost waits to be taken again."""
        trials = self.sweep.trials()
        if all(one.is_finished for one in trials):
            return False
        self.sweep.give_back(self.sweep.lost(trials))
        time.sleep(_PAUSE)
        context.tell(0.0)
        if context.stop():
            raise TrainingInterrupted("stopped while other workers were training")
        return True

    def _try(self, trial: Taken, context: Context) -> None:
        began = time.perf_counter()
        seen: dict[str, Any] = {}
        state, value = "failed", None
        try:
            value = self._value(trial, context, seen)
            state = "complete" if np.isfinite(value) else "failed"
            if state == "failed":
                seen["error"] = f"{self.sweep.metric} is {value}"
        except _Pruned:
            state = "pruned"
        except (TrainingInterrupted, StorageError):
            trial.give_back()
            raise
        except MltrainError as error:
            seen["error"] = str(error)
        trial.finish(state, {"seconds": time.perf_counter() - began, **seen}, value)

    def _value(self, trial: Taken, context: Context, seen: dict[str, Any]) -> float:
        """Train the trial's network, or those of its folds; the number by which it is judged."""
        config = trial_config(self.sweep.config, trial.values)
        metric, folds = self.sweep.metric, self.sweep.config.search.folds if self.sweep.config.search else None

        def told(_: float) -> None:
            trial.beat()
            context.tell(0.0)

        inner = Context(context.stop, told)
        if folds:
            job, raw = self._raw(config)
            held: list[dict[str, float]] = []
            trained: list[Trained] = []
            for number, (role, rows) in enumerate(fold_tasks(raw, job, folds), 1):
                trained.append(train_one(config, self.folder, role, rows, inner))
                assert trained[-1].held_out is not None
                held.append(trained[-1].held_out.values)
                seen["epochs"] = sum(one.epochs for one in trained)
                seen["metrics"] = {name: float(np.mean([one[name] for one in held])) for name in held[0]}
                if number < folds and trial.is_poor(number, seen["metrics"][metric]):
                    raise _Pruned
            return float(seen["metrics"][metric])

        def heard(report: EpochReport) -> None:
            seen["epochs"], seen["metrics"] = report.epoch, report.values
            if metric in report.values and trial.is_poor(report.epoch, report.values[metric]):
                raise _Pruned

        role, rows = Role(seed=config.seed), self._dataset(config)
        one = train_one(config, self.folder, role, rows, inner, heard, refits=False)
        if one.report is None:
            raise MltrainError("without epochs there is nothing to judge by")
        seen["epochs"], seen["metrics"] = one.epochs, one.report.values
        return one.report.values[metric]

    def _dataset(self, config: Config) -> Dataset:
        """The rows of a trial: those that were read, if its parameters leave the dataset alone."""
        if config.dataset == self.job.config.dataset:
            return self.job.dataset
        return LazyDataset(config.dataset, config.seed, self.folder).dataset

    def _raw(self, config: Config) -> tuple[TrainingJob, RawData]:
        if self.raw is not None and config.dataset == self.job.config.dataset:
            return self.job, self.raw
        data = LazyDataset(config.dataset, config.seed, self.folder, keeps_raw=True)
        return prepare(config, self.folder, data), data.raw


def sweep_problems(config: Config, job: TrainingJob, raw: RawData | None) -> list[Problem]:
    """The errors of a search that its data shows: a metric that trials do not report, or folds that cannot be drawn.

    ``job`` is that of the config without the search, and ``raw`` its rows, which only folds need.
    """
    search = config.search
    assert search is not None
    if not search.folds and not config.training.epochs and "training.epochs" not in search.parameters:
        return [Problem(("training", "epochs"), "without epochs there is nothing to judge trials by")]
    if not search.folds:
        missing = why_missing(search.judged_by, config.metrics, validation=job.is_validated)
        return [Problem(("search", "metric"), missing)] if missing else []
    there = ["loss", *(one.type_name() for one in config.metrics)]
    problems = []
    if search.judged_by not in there:
        message = f"folds do not report '{search.judged_by}'; there are {', '.join(there)}"
        problems.append(Problem(("search", "metric"), message))
    if raw is not None:
        try:
            fold_tasks(raw, job, search.folds)
        except DataError as error:
            message = str(error).removeprefix(f"--folds {search.folds}: ")
            problems.append(Problem(("search", "folds"), message))
    return problems
