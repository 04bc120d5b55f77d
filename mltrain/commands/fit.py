"""``mltrain fit``: train, show how it goes, save."""

import shlex
import time
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager, nullcontext
from pathlib import Path
from typing import TYPE_CHECKING

from mltrain.config.load import Source, read_config
from mltrain.display.download import download_bar
from mltrain.display.messages import Outcome, note
from mltrain.display.messages import closing as last_word
from mltrain.display.profile import profile_table
from mltrain.display.terminal import Terminal
from mltrain.display.training import Both, TrainingDisplay, training_display
from mltrain.display.views import verbatim
from mltrain.errors import ConfigError, TrainingInterrupted
from mltrain.interrupts import interruptible
from mltrain.preparation import Job, prepare, split_to_evaluate
from mltrain.storage.event_files import EventFiles, need_event_files
from mltrain.storage.frames import FrameKeeper
from mltrain.storage.model import Model
from mltrain.storage.runs import CONFIG, FRAMES, HISTORY, MODEL, Run, find_model
from mltrain.training.profile import Profile
from mltrain.training.report import EpochReport
from mltrain.training.sharing import processes_for

if TYPE_CHECKING:
    from mltrain.live.page import LivePage

_LOOK = 0.1
"""Seconds between two looks whether to end: people do not notice."""


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
    """Train what ``config`` describes and save it to a run directory."""
    if log_dir is not None:
        need_event_files()
    source = read_config(config, changes)
    job = _prepared(terminal, source)
    if init_from is not None:
        taken = job.start_from(Model.load(find_model(init_from)))
        terminal.note(f"started from {init_from}: {taken}")
    for warning in job.warnings():
        terminal.warning(warning)
    with Run.claim(str(job.config.name), out) as run, _page(terminal, job, live=live) as page:
        history: list[EpochReport] = []
        keeper = FrameKeeper(frames, job.config.training.epochs)
        keeper.offer(0, job.network.parameters)
        with interruptible() as stop:  # saving, too, so that Ctrl-C at the last moment does not cost all
            try:
                with _display(terminal, job, page) as display, _log(log_dir, run) as log:
                    show, step = display.show, display.step
                    if profile:
                        show, step = (profile.timed("display", "", shown) for shown in (show, step))
                    for report in job.train(stop, step, profile):
                        show(report)
                        history.append(report)
                        keeper.offer(report.epoch, job.network.parameters)
                        if log:
                            log.add(report)
            except TrainingInterrupted:
                run.save(job.model(history), history, source.folder, keeper.frames)
                terminal.note(f"what was learned so far is saved: {run.folder / MODEL}")
                if terminal.quiet and not terminal.json:
                    _tell_where(terminal, run)
                raise
            run.save(job.model(history), history, source.folder, keeper.frames)
        _conclude(terminal, job, history, run, profile, is_newest=out is None)


def _prepared(terminal: Terminal, source: Source) -> Job:
    """The job, with problems that only its data shows placed in the config's file."""
    with download_bar(terminal) as progress:
        source.config.dataset.fetch(source.folder, progress)
    try:
        return prepare(source.config, source.folder)
    except ConfigError as error:
        raise source.locate(error.problems) from None


@contextmanager
def _page(terminal: Terminal, job: Job, *, live: bool) -> Iterator["LivePage | None"]:
    """The page, if the training is to be watched live. After it, the page stays for who sits at the terminal.

    In a pipeline nobody would end it, so there the training's end is the page's.
    """
    if not live:
        yield None
        return
    from mltrain.live.desktop import open_page
    from mltrain.live.page import LivePage

    attended = terminal.is_attended
    with closing(LivePage(job, greet=open_page if attended else None)) as page:
        terminal.err.print(note(f"watch it at {page.address}"))
        yield page
        if attended:
            terminal.err.print(note(f"the page stays at {page.address} until Ctrl-C"))
            with interruptible() as asked_to_end:
                while not asked_to_end():
                    time.sleep(_LOOK)


@contextmanager
def _display(terminal: Terminal, job: Job, page: "LivePage | None") -> Iterator[TrainingDisplay]:
    """What shows the training: the terminal and, if there is one, the page."""
    title, epochs = str(job.config.name), job.config.training.epochs
    with training_display(terminal, title=title, epochs=epochs) as display:
        if page is None:
            yield display
            return
        try:
            yield Both(display, page)
        finally:
            page.finish()


def _log(folder: Path | None, run: Run) -> EventFiles | nullcontext[None]:
    """TensorBoard's files of a run, in a folder that is called as the run is."""
    return EventFiles(folder / run.folder.resolve().name) if folder else nullcontext()


def _conclude(
    terminal: Terminal,
    job: Job,
    history: Sequence[EpochReport],
    run: Run,
    profile: Profile | None,
    *,
    is_newest: bool,
) -> None:
    """What was reached, where it is, and what to type next. ``is_newest``: commands find the run without its name."""
    last = history[-1] if history else _untrained(job)
    seconds = sum(report.seconds for report in history)
    document = {
        "run": str(run.folder),
        "model": str(run.folder / MODEL),
        "epochs": last.epoch,
        "loss": last.loss,
        "metrics": last.metrics,
        **({} if last.val_loss is None else {"val_loss": last.val_loss, "val_metrics": last.val_metrics}),
        "parameters": job.network.parameters.size,
        "seconds": seconds,
        **({"profile": [share._asdict() for share in profile.shares()]} if profile else {}),
    }
    outcome = Outcome(
        epochs=last.epoch,
        planned=job.config.training.epochs,
        seconds=seconds,
        values=last.values,
        folder=str(run.folder),
        files=[MODEL, CONFIG, HISTORY, FRAMES],
        next_command=_next_command(job) + ("" if is_newest else f" --model {shlex.quote(str(run.folder))}"),
    )
    if terminal.json:
        terminal.result(verbatim(""), document)
    elif terminal.quiet:
        _tell_where(terminal, run)
    else:
        terminal.err.print(last_word(outcome))
        if profile:
            steps = sum(report.steps for report in history)
            terminal.err.print(profile_table(profile.shares(), steps, processes_for(job.network.nodes)))


def _tell_where(terminal: Terminal, run: Run) -> None:
    """The run's folder, and nothing else, for scripts: ``run=$(mltrain fit --quiet ...)``."""
    terminal.result(verbatim(str(run.folder)), {})


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
