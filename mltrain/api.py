"""The Python API: training and loading, without terminal output and run folders."""

import signal
import threading
import warnings
from collections.abc import Callable, Iterable, Mapping
from contextlib import AbstractContextManager, nullcontext
from pathlib import Path
from typing import Any

from mltrain.checks.warnings import growing_loss
from mltrain.config import Config
from mltrain.config.load import located_config
from mltrain.errors import ConfigError, MltrainWarning, ModelFileError, TrainingInterrupted
from mltrain.inference.model import Model
from mltrain.job import TrainingJob
from mltrain.job import prepare as prepared
from mltrain.runs.run import find_model
from mltrain.system.interrupts import interruptible
from mltrain.training.epoch_report import EpochReport


def fit(
    config: Config | Mapping[str, Any] | str | Path,
    overrides: Iterable[str] = (),
    *,
    folder: str | Path | None = None,
    init_from: Model | str | Path | None = None,
    on_epoch: Callable[[EpochReport], None] | None = None,
) -> Model:
    """Train what ``config`` describes, and return the model; nothing is written.

    ``config`` is what `load_config` gives, a file, or a dict, and ``overrides`` set single options over it, as in
    `load_config`. ``folder`` is where its relative paths start: by default that of the file, or the working folder.
    ``init_from`` is a model, or the file or run folder of one, whose layers are taken over where they fit. ``on_epoch``
    is called with the report of each epoch.

    Probable problems are issued as `MltrainWarning`. Raises `ConfigError`, `DataError`, `NotEnoughMemory`,
    `TrainingDiverged`, or `TrainingInterrupted` after Ctrl-C, whose ``model`` is the model so far; a second
    Ctrl-C ends at once with KeyboardInterrupt.
    """
    job = prepare(config, overrides, folder=folder)
    started = [] if init_from is None else job.start_from(_model(init_from))
    for warning in [*job.dataset.notes, *job.warnings(started)]:
        warnings.warn(warning, MltrainWarning, stacklevel=2)
    history: list[EpochReport] = []
    with _interruptible() as stop:
        try:
            for report in job.train(stop):
                history.append(report)
                if (grows := growing_loss(history)) is not None:
                    warnings.warn(grows, MltrainWarning, stacklevel=2)
                if on_epoch:
                    on_epoch(report)
        except TrainingInterrupted as error:
            error.model = job.model(history)
            raise
    return job.model(history)


def prepare(
    config: Config | Mapping[str, Any] | str | Path, overrides: Iterable[str] = (), *, folder: str | Path | None = None
) -> TrainingJob:
    """The job that `fit` trains: rows read and split, checks passed, first weights drawn.

    ``job.train()`` yields an `EpochReport` an epoch, once; ``job.fresh()`` is the same job on the same rows, with its
    first weights again or with those of another seed.
    """
    source = located_config(config, overrides, folder=folder)
    try:
        return prepared(source.config, source.folder, source.data, source.nodes)
    except ConfigError as error:
        raise source.locate(error.problems) from None


def _model(init_from: Model | str | Path) -> Model:
    return init_from if isinstance(init_from, Model) else load_model(init_from)


def _interruptible() -> AbstractContextManager[Callable[[], bool]]:
    """Ctrl-C stops between two steps, unless the program has a handler of its own, or trains in another thread."""
    is_pythons = signal.getsignal(signal.SIGINT) is signal.default_int_handler
    if is_pythons and threading.current_thread() is threading.main_thread():
        return interruptible([signal.SIGINT])
    return nullcontext(lambda: False)


def load_model(path: str | Path | None = None) -> Model:
    """Read a model file, or the model of a run: of a folder, of that name below ``runs/``, or of the ``latest`` run.

    Without a path it is the latest. Raises `ModelFileError`, and `UsageError` if there is no run.
    """
    try:
        return Model.load(find_model(Path(path) if path is not None else None))
    except ModelFileError as error:
        error.path = error.path or str(path)
        raise
