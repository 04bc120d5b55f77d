"""``mltrain fit``: train, show how it goes, save."""

import shlex
from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

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
from mltrain.storage.frames import FrameKeeper
from mltrain.storage.model import Model
from mltrain.storage.runs import CONFIG, FRAMES, HISTORY, MODEL, Run, find_model
from mltrain.training.profile import Profile
from mltrain.training.report import EpochReport
from mltrain.training.sharing import processes_for


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
    job = _prepared(terminal, source)
    if init_from is not None:
        taken = job.start_from(Model.load(find_model(init_from)))
        terminal.note(f"started from {init_from}: {taken}")
    for warning in job.warnings():
        terminal.warning(warning)
    with Run.claim(str(job.config.name), out) as run:
        history: list[EpochReport] = []
        keeper = FrameKeeper(frames, job.config.training.epochs)
        keeper.offer(0, job.network.parameters)
        with interruptible() as stop:  # saving, too, so that Ctrl-C at the last moment does not cost all
            try:
                with _display(terminal, job, live=live) as display:
                    show, step = display.show, display.step
                    if profile:
                        show, step = (profile.timed("display", "", shown) for shown in (show, step))
                    for report in job.train(stop, step, profile):
                        show(report)
                        history.append(report)
                        keeper.offer(report.epoch, job.network.parameters)
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
def _display(terminal: Terminal, job: Job, *, live: bool) -> Iterator[TrainingDisplay]:
    """What shows the training: the terminal and, if it is to be watched live, a page."""
    title, epochs = str(job.config.name), job.config.training.epochs
    if not live:
        with training_display(terminal, title=title, epochs=epochs) as display:
            yield display
        return
    from mltrain.live.page import LivePage

    with closing(LivePage(job)) as page:
        terminal.err.print(note(f"watch it at {page.address}"))
        with training_display(terminal, title=title, epochs=epochs) as display:
            yield Both(display, page)


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
