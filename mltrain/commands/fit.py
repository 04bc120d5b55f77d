"""``mltrain fit``: train the network of a config from the beginning."""

from collections.abc import Sequence
from pathlib import Path

from mltrain.backends.profiler import Profile
from mltrain.commands.train_and_save import Session, prepared, train_and_save
from mltrain.config import Config
from mltrain.config.load import LocatedConfig, read_config
from mltrain.errors import ConfigError
from mltrain.inference.model import Model
from mltrain.job import TrainingJob
from mltrain.runs.event_files import need_event_files
from mltrain.runs.frames import FrameKeeper
from mltrain.runs.overwriting import refuse_foreign
from mltrain.runs.run import FILES, Run, files_of, find_model
from mltrain.training.checkpointing import TrainingRun
from mltrain.views.terminal.tables import start_table
from mltrain.views.terminal.terminal import Terminal


def run(
    terminal: Terminal,
    config: Path,
    changes: Sequence[str],
    *,
    out: Path | None = None,
    init_from: Path | None = None,
    frames: int = 1,
    live: bool = False,
    log_dir: Path | None = None,
    profile: Profile | None = None,
) -> None:
    """Train the network of ``config`` and save it to a run directory."""
    if log_dir is not None:
        need_event_files()
    source = read_config(config, changes)
    if out is not None:
        refuse_foreign(out, FILES, [config, *files_of(source.config.dataset, source.folder)])
    job = job_of(terminal, source, source.config, init_from)
    with Run.claim(str(job.config.name), out) as run:
        keeper = FrameKeeper(frames, job.config.training.epochs)
        keeper.keep_if_chosen(0, job.network.parameters)
        attempt = Session(job, source.folder, run, TrainingRun(), keeper, is_newest=out is None)
        train_and_save(terminal, attempt, live=live, log_dir=log_dir, profile=profile)


def job_of(terminal: Terminal, source: LocatedConfig, config: Config, init_from: Path | None) -> TrainingJob:
    """The job of a ``config`` of the source, with the weights of another model where they fit; shows its warnings."""
    try:
        job = prepared(terminal, config, source.folder, source.data, source.nodes)
    except ConfigError as error:
        raise source.locate(error.problems) from None
    started = [] if init_from is None else job.start_from(Model.load(find_model(init_from)))
    if started and not terminal.quiet:
        terminal.note(f"starting from {init_from}:")
        terminal.err.print(start_table(started))
    for warning in job.warnings(started):
        terminal.warning(source.locate_warning(warning).in_words)
    return job
