"""``mltrain fit --resume``: continue a run with the results of an uninterrupted one."""

import shlex
from functools import partial
from pathlib import Path
from typing import Any

from mltrain.backends.profiler import Profile
from mltrain.commands.train_and_save import Session, prepared, train_and_save
from mltrain.config import Config
from mltrain.config.differences import ABSENT, differences_in_learning, for_epochs
from mltrain.config.load import read_config
from mltrain.config.yaml_writer import on_one_line
from mltrain.data.base import LazyDataset
from mltrain.errors import DataError, UsageError, dotted
from mltrain.runs.checkpoint import Checkpoint
from mltrain.runs.event_files import need_event_files
from mltrain.runs.frames import FrameKeeper
from mltrain.runs.overwriting import refuse_foreign
from mltrain.runs.run import CHECKPOINT, CONFIG, FILES, FRAMES, RUNS, Run
from mltrain.training.checkpointing import TrainingRun
from mltrain.views.terminal.number_format import plural
from mltrain.views.terminal.terminal import Terminal

_MOST_DIFFERENCES = 3
"""Differing options that a message lists at most."""


def run(
    terminal: Terminal,
    folder: Path,
    config: Path | None,
    epochs: int | None,
    *,
    live: bool = False,
    log_dir: Path | None = None,
    profile: Profile | None = None,
) -> None:
    """Resume the run in ``folder`` up to ``epochs`` epochs, by default the number in ``config`` or the run's config."""
    with Run.again(folder) as run:
        if log_dir is not None:
            need_event_files()
        checkpoint = Checkpoint(folder / CHECKPOINT)
        refuse_foreign(folder, FILES, [config] if config else [], "--resume")
        wanted, data = _config(folder, config, checkpoint.config)
        planned, done = wanted.training.epochs if epochs is None else epochs, checkpoint.epoch
        if planned < done:
            raise UsageError(f"{folder}: {plural(done, 'epoch')} are done already, so there cannot be {planned} in all")
        job = prepared(terminal, for_epochs(wanted, planned), data.folder, data)
        if job.origin.data != checkpoint.rows:
            what = (
                f"{folder}: the rows of its dataset are others than when it began, so it cannot go on as it would have"
            )
            raise DataError(f"{what}; start a new run from its weights with --init-from {shlex.quote(str(folder))}")
        history = checkpoint.history(job.blank_report)
        training_run = TrainingRun(
            epoch=done,
            history=history,
            parallelism=checkpoint.parallelism,
            restore=partial(checkpoint.restore, history, job.steps),
        )
        frames = checkpoint.frames(folder / FRAMES, job.network.parameters.size)
        keeper = FrameKeeper(checkpoint.frame_count, planned, frames, done)
        terminal.note(
            f"going on after {plural(done, 'epoch')} of {planned}" if done < planned else "all epochs are done"
        )
        train_and_save(
            terminal,
            Session(job, data.folder, run, training_run, keeper, is_newest=folder.resolve().parent == RUNS.resolve()),
            live=live,
            log_dir=log_dir,
            profile=profile,
        )


def _config(folder: Path, given: Path | None, began_with: Config) -> tuple[Config, LazyDataset]:
    """The config with which to resume, and its dataset.

    That is ``given``, or the run's own, if it exists; both must equal the run's first config ``began_with``, except for
    the number of epochs and paths. Raises `UsageError`, or `ConfigError`.
    """
    path = given or folder / CONFIG
    if given is None and not path.is_file():
        return began_with, LazyDataset(began_with.dataset, began_with.seed, folder)
    source = read_config(path)
    if found := differences_in_learning(began_with, source.config):
        shown = [(dotted(path), *map(_shown, values)) for path, *values in found[:_MOST_DIFFERENCES]]
        some = "; ".join(f"{option} was {old}, and is {new}" for option, old, new in shown)
        more = f"; and {len(found) - _MOST_DIFFERENCES} more" if len(found) > _MOST_DIFFERENCES else ""
        raise UsageError(f"{path}: is not what {folder} began with: {some}{more}; only training.epochs may change")
    return source.config, source.data


def _shown(value: Any) -> str:
    return "not there" if value is ABSENT else on_one_line(value)
