"""Several trainings of one config: each in a process of its own where that is faster, and what comes of each."""

import dataclasses
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import numpy.typing as npt
from msgspec.structs import replace

from mltrain.backends.base import Evaluation, Parallelism
from mltrain.config import Config
from mltrain.data.base import Dataset, LazyDataset, RawData, RowSpec, Split
from mltrain.data.preprocessing import Preprocessing
from mltrain.data.splitting import Parts
from mltrain.engine.arrays import Floats
from mltrain.engine.metrics.base import true_classes
from mltrain.engine.network import Network
from mltrain.errors import ConfigError, MltrainError, TrainingInterrupted
from mltrain.inference.ensemble import Role
from mltrain.inference.model import Model, Refitted
from mltrain.job import TrainingJob, memory_of, prepare
from mltrain.search.processes import Context, Stop, Told, in_processes
from mltrain.system.memory import available
from mltrain.system.threads import cores
from mltrain.training.epoch_report import EpochReport


class HeldOut(NamedTuple):
    """The rows that a fold held out: their numbers in the source, what is true, what the network says, and how good.

    ``true`` are class numbers or, where the network predicts numbers, targets; ``outputs`` are those of
    `Model.predict`.
    """

    row_numbers: npt.NDArray[np.intp]
    true: npt.NDArray[Any]
    outputs: Floats
    evaluation: Evaluation

    @classmethod
    def of(cls, model: Model, rows: Split, row_numbers: npt.NDArray[np.intp]) -> "HeldOut":
        """What a model that has not seen these rows says of them."""
        true = rows.y if model.classes is None else true_classes(model.target(rows))
        return cls(row_numbers, true, model.outputs(rows.x), model.evaluate(rows))

    @property
    def values(self) -> dict[str, float]:
        """The loss and the metrics by name."""
        return {"loss": self.evaluation.loss, **self.evaluation.metrics}


@dataclass(frozen=True)
class Trained:
    """What comes of one training. ``report`` is that of the epoch whose weights the model has; None without epochs.

    ``seconds`` is the time spent training, in ``epochs`` epochs, and in the second training, ``refit``.
    """

    role: Role
    row_spec: RowSpec
    preprocessing: Preprocessing
    parameters: Floats
    report: EpochReport | None
    epochs: int
    seconds: float
    refit: Refitted | None = None
    held_out: "HeldOut | None" = None

    def model(self, config: Config) -> Model:
        network = Network(config.layers, self.row_spec.inputs)
        network.parameters[...] = self.parameters
        return Model(
            replace(config, seed=self.role.seed),
            network,
            self.row_spec,
            self.preprocessing,
            refit=self.refit,
        )


class FoldOf(NamedTuple):
    """The rows of a fold: how those that were read are split."""

    raw: RawData
    parts: Parts


Task = tuple[Role, FoldOf | Dataset]
"""A training: what it is, and its rows, split already or to be split by the process that trains."""


def train_all(
    config: Config,
    folder: Path,
    tasks: Sequence[Task],
    *,
    jobs: int,
    name: str,
    stop: Stop = lambda: False,
    told: Told = lambda *_: None,
) -> Iterator[Trained]:
    """Train a network for each task, ``jobs`` at a time, and yield what comes of them, in the order of the tasks.

    ``name`` is what one is called, such as ``fold``; ``told`` hears how far each is, by its number from 0. Results do
    not depend on ``jobs``. Raises `TrainingInterrupted` when ``stop`` says so, and the error of the first training that
    fails, in their order, which names it.
    """
    count = len(tasks)
    work = [
        partial(_train, config, folder, task, f"{name} {number} of {count}") for number, task in enumerate(tasks, 1)
    ]
    done: dict[int, Trained | MltrainError] = {}
    given = 0
    try:
        for number, trained in in_processes(work, min(jobs, count), stop, told):
            done[number] = trained
            while given in done:
                one = done.pop(given)
                if isinstance(one, MltrainError):
                    raise one
                yield one
                given += 1
    except TrainingInterrupted:
        pass  # by ``stop``, in this process
    if given < count:
        raise TrainingInterrupted(f"stopped after {given} of {count} {name}s; nothing was saved")


def jobs_for(job: TrainingJob, asked: int | None) -> int:
    """How many trainings like ``job`` to do at a time: ``asked``, or as many as cores and memory allow.

    It is one where a single training is divided among the cores, since it would round its sums otherwise if it was not.
    """
    if job.parallelism.processes > 1:
        return 1
    if asked is not None:
        return asked
    room, each = available(), memory_of(job.config, job.network.nodes, Parallelism()).total
    return max(1, min(cores(), cores() if room is None else room // max(1, each)))


def _train(config: Config, folder: Path, task: Task, name: str, context: Context) -> Trained | MltrainError:
    """Train one network. An error is a result, too: which one comes first must not depend on the speed of processes."""
    role, rows = task
    try:
        return train_one(replace(config, seed=role.seed), folder, role, rows, context)
    except TrainingInterrupted:
        raise
    except ConfigError as error:
        return error
    except MltrainError as error:
        error.args = (f"{name}: {error}",)
        error.for_commands = f"{name}: {error.for_commands}"
        return error


def train_one(
    config: Config,
    folder: Path,
    role: Role,
    rows: FoldOf | Dataset,
    context: Context,
    heard: Callable[[EpochReport], None] = lambda _: None,
    *,
    refits: bool = True,
) -> Trained:
    """Train one network in this process. ``heard`` is called after each epoch; what it raises ends the training.

    ``refits`` is as in `TrainingJob.train`.
    """
    dataset = rows if isinstance(rows, Dataset) else rows.raw.split(rows.parts)
    job = prepare(config, folder, LazyDataset.of(dataset, config.dataset, config.seed, folder))
    tell = _Teller(context, config.training.epochs)
    history = []
    for one in job.train(context.stop, tell.step, refits=refits):
        history.append(one)
        heard(one)
        tell.epoch(one.epoch)
    monitor = job.monitor
    used = monitor.best_epoch if monitor is not None and monitor.restores else None
    report = next((one for one in history if one.epoch == used), history[-1] if history else None)
    model = job.model(history)
    found = Trained(
        role,
        model.row_spec,
        model.preprocessing,
        job.network.parameters.copy(),
        report,
        history[-1].epoch if history else 0,
        sum(one.seconds for one in history) + (job.refit.seconds if job.refit else 0.0),
        model.refit,
    )
    if isinstance(rows, Dataset) or dataset.test is None:
        return found
    numbers = rows.raw.row_numbers[rows.parts.test]
    return dataclasses.replace(found, held_out=HeldOut.of(model, dataset.test, numbers))


_PAUSE = 0.1
"""Seconds between two times that a training tells how far it is."""


class _Teller:
    """Tells which share of a training is done, from time to time."""

    def __init__(self, context: Context, epochs: int):
        self._tell, self._epochs, self._done = context.tell, max(1, epochs), 0
        self._due = time.monotonic() + _PAUSE

    def epoch(self, epoch: int) -> None:
        self._done = epoch
        self._told(0.0)

    def step(self, step: int, steps: int, loss: float) -> None:
        self._told(step / steps)

    def _told(self, within: float) -> None:
        if (now := time.monotonic()) >= self._due:
            self._due = now + _PAUSE
            self._tell((self._done + within) / self._epochs)
