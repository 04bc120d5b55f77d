"""``mltrain fit``: train, show how it goes, save."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from functools import partial
from pathlib import Path
from typing import NamedTuple

from mltrain.commands.judgement import best_of, model_epoch, stopped_by, whose_weights
from mltrain.config import Config
from mltrain.config.load import read_config
from mltrain.data.fingerprint import fingerprint
from mltrain.display.download import download_bar
from mltrain.display.messages import Outcome, note
from mltrain.display.messages import closing as last_word
from mltrain.display.profile import profile_table
from mltrain.display.terminal import Terminal
from mltrain.display.training import Both, TrainingDisplay, training_display
from mltrain.display.views import verbatim
from mltrain.engine.arrays import Floats
from mltrain.errors import ConfigError, TrainingDiverged, TrainingInterrupted
from mltrain.interrupts import interruptible
from mltrain.preparation import Job, prepare, split_to_evaluate
from mltrain.storage.checkpoint_keeper import CheckpointKeeper
from mltrain.storage.frames import FrameKeeper
from mltrain.storage.model import Model
from mltrain.storage.runs import BEST, FILES, LAST, MODEL, Run, find_model, located
from mltrain.training.profile import Profile
from mltrain.training.report import EpochReport
from mltrain.training.sharing import processes_for
from mltrain.training.state import Course


def run(
    terminal: Terminal,
    config: Path,
    changes: Sequence[str],
    *,
    out: Path | None = None,
    init_from: Path | None = None,
    frames: int = 1,
    live: bool = False,
    profile: Profile | None = None,
) -> None:
    """Train what ``config`` describes and save it to a run directory."""
    source = read_config(config, changes)
    try:
        job = prepared(terminal, source.config, source.folder)
    except ConfigError as error:
        raise source.locate(error.problems) from None
    if init_from is not None:
        taken = job.start_from(Model.load(find_model(init_from)))
        terminal.note(f"started from {init_from}: {taken}")
    for warning in job.warnings():
        terminal.warning(warning)
    with Run.claim(str(job.config.name), out) as run:
        keeper = FrameKeeper(frames, job.config.training.epochs)
        keeper.offer(0, job.network.parameters)
        attempt = Attempt(job, source.folder, run, Course(), keeper, is_newest=out is None)
        train_and_save(terminal, attempt, live=live, profile=profile)


class Attempt(NamedTuple):
    """A training that is about to begin, or to go on, and all that belongs to it.

    ``folder`` is where the config stands; ``is_newest``: commands will find the run without its name.
    """

    job: Job
    folder: Path
    run: Run
    course: Course
    keeper: FrameKeeper
    is_newest: bool


def train_and_save(terminal: Terminal, attempt: Attempt, *, live: bool, profile: Profile | None) -> None:
    """Train, show how it goes, save, and say what came out."""
    job, folder, run, course, keeper, _ = attempt
    rows = partial(fingerprint, job.dataset)
    checkpoints = CheckpointKeeper(run.folder, located(job.config, folder), rows, course, keeper)

    def save() -> None:
        run.save(job.model(course.history), course.history, folder, keeper.frames, _others(job))
        checkpoints.finish()

    with interruptible() as stop:  # saving, too, so that Ctrl-C at the last moment does not cost all
        try:
            with _display(terminal, attempt, live=live) as display:
                show, step = display.show, display.step
                if profile:
                    show, step = (profile.timed("display", "", shown) for shown in (show, step))
                for report in job.train(stop, step, profile, course):
                    show(report)
                    keeper.offer(report.epoch, job.network.parameters)
                    checkpoints.offer()
        except TrainingInterrupted:
            save()
            terminal.note(f"what was learned so far is saved: {run.folder / MODEL}")
            terminal.note(f"go on with: mltrain fit --resume {shlex.quote(str(run.folder))}")
            raise
        except TrainingDiverged:
            checkpoints.discard()
            raise
        save()
    _conclude(terminal, attempt, profile)


def _others(job: Job) -> dict[str, Floats]:
    """The parameters of the best epoch and of the last one, where it is known which was the best."""
    monitor = job.monitor
    if monitor is None or monitor.best_epoch is None:
        return {}
    return {BEST: monitor.best, LAST: job.network.parameters if monitor.last is None else monitor.last}


def prepared(terminal: Terminal, config: Config, folder: Path) -> Job:
    """The job, with its data downloaded where that must be, in sight."""
    with download_bar(terminal) as progress:
        config.dataset.fetch(folder, progress)
    return prepare(config, folder)


@contextmanager
def _display(terminal: Terminal, attempt: Attempt, *, live: bool) -> Iterator[TrainingDisplay]:
    """What shows the training: the terminal and, if it is to be watched live, a page."""
    job, past = attempt.job, tuple(attempt.course.history)
    title, epochs = str(job.config.name), job.config.training.epochs
    if not live:
        with training_display(terminal, title=title, epochs=epochs, past=past) as display:
            yield display
        return
    from mltrain.live.page import LivePage

    with closing(LivePage(job, past=past)) as page:
        terminal.err.print(note(f"watch it at {page.address}"))
        with training_display(terminal, title=title, epochs=epochs, past=past) as display:
            yield Both(display, page)


def _conclude(terminal: Terminal, attempt: Attempt, profile: Profile | None) -> None:
    """What was reached, where it is, and what to type next."""
    job, run, history = attempt.job, attempt.run, attempt.course.history
    last, monitor = history[-1] if history else _untrained(job), job.monitor
    epoch = model_epoch(monitor, last.epoch)
    used = next((report for report in history if report.epoch == epoch), last)
    seconds = sum(report.seconds for report in history)
    document = {
        "run": str(run.folder),
        "model": str(run.folder / MODEL),
        "epochs": last.epoch,
        "loss": used.loss,
        "metrics": used.metrics,
        **({} if used.val_loss is None else {"val_loss": used.val_loss, "val_metrics": used.val_metrics}),
        "parameters": job.network.parameters.size,
        "seconds": seconds,
        **({} if monitor is None else {"best": best_of(monitor), "model_epoch": epoch}),
        **({"profile": [share._asdict() for share in profile.shares()]} if profile else {}),
    }
    outcome = Outcome(
        epochs=last.epoch,
        planned=job.config.training.epochs,
        seconds=seconds,
        values=used.values,
        folder=str(run.folder),
        files=[name for name in FILES if (run.folder / name).exists()],
        next_command=_next_command(job) + ("" if attempt.is_newest else f" --model {shlex.quote(str(run.folder))}"),
        stopped_by=stopped_by(monitor),
        model=whose_weights(monitor, last.epoch),
    )
    if terminal.json:
        terminal.result(verbatim(""), document)
    elif not terminal.quiet:
        terminal.err.print(last_word(outcome))
        if profile:
            steps = sum(report.steps for report in history if report.epoch > attempt.course.epoch)
            terminal.err.print(profile_table(profile.shares(), steps, processes_for(job.network)))


def _untrained(job: Job) -> EpochReport:
    """What the network is worth as it is, where there are no epochs to report."""
    found = job.model([]).evaluate(job.dataset.train)
    return EpochReport(epoch=0, epochs=0, steps=0, seconds=0.0, loss=found.loss, metrics=found.metrics)


def _next_command(job: Job) -> str:
    """What most people want to type after this training."""
    if split_to_evaluate(job.dataset)[0] != "train":
        return "mltrain evaluate"
    row = job.dataset.train.x[-1]
    return (
        f"mltrain predict --x {','.join(f'{number:.3g}' for number in row.flat)}"
        if row.size <= 8
        else "mltrain evaluate"
    )
