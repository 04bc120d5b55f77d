"""``mltrain fit``: train, show how it goes, save."""

from collections.abc import Iterator, Sequence
from contextlib import closing, contextmanager
from pathlib import Path

from mltrain.config.load import Source, read_config
from mltrain.display.download import download_bar
from mltrain.display.messages import Outcome, note
from mltrain.display.messages import closing as last_word
from mltrain.display.terminal import Terminal
from mltrain.display.training import Both, TrainingDisplay, training_display
from mltrain.display.views import verbatim
from mltrain.errors import ConfigError, TrainingInterrupted
from mltrain.interrupts import interruptible
from mltrain.preparation import Job, prepare, split_to_evaluate
from mltrain.storage.frames import FrameKeeper
from mltrain.storage.model import Model
from mltrain.storage.runs import CONFIG, FRAMES, HISTORY, MODEL, Run, find_model
from mltrain.training.report import EpochReport


def run(
    terminal: Terminal,
    config: Path,
    changes: Sequence[str],
    *,
    out: Path | None = None,
    init_from: Path | None = None,
    frames: int = 1,
    live: bool = False,
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
        try:
            with (
                interruptible() as stop,
                _display(terminal, job, live=live) as display,
            ):
                for report in job.train(stop, display.step):
                    display.show(report)
                    history.append(report)
                    keeper.offer(report.epoch, job.network.parameters)
        except TrainingInterrupted:
            run.save(job.model(history), history, keeper.frames, source.folder)
            terminal.note(f"what was learned so far is saved: {run.folder / MODEL}")
            raise
        run.save(job.model(history), history, keeper.frames, source.folder)
    _conclude(terminal, job, history, run)


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


def _conclude(terminal: Terminal, job: Job, history: Sequence[EpochReport], run: Run) -> None:
    """What was reached, where it is, and what to type next."""
    model = job.model(list(history))
    if history:
        last = history[-1]
        loss, metrics, val_loss, val_metrics = last.loss, last.metrics, last.val_loss, last.val_metrics
    else:
        untrained = model.evaluate(job.dataset.train)
        loss, metrics, val_loss, val_metrics = untrained.loss, untrained.metrics, None, {}
    seconds = sum(report.seconds for report in history)
    epochs = history[-1].epoch if history else 0
    validation = {} if val_loss is None else {"val_loss": val_loss, "val_metrics": val_metrics}
    document = {
        "run": str(run.folder),
        "model": str(run.folder / MODEL),
        "epochs": epochs,
        "loss": loss,
        "metrics": metrics,
        **validation,
        "parameters": job.network.parameters.size,
        "seconds": seconds,
    }
    named = {"loss": loss, **metrics} | ({} if val_loss is None else {"val_loss": val_loss})
    named |= {f"val_{name}": value for name, value in val_metrics.items()}
    outcome = Outcome(
        epochs=epochs,
        planned=job.config.training.epochs,
        seconds=seconds,
        values=named,
        folder=str(run.folder),
        files=[MODEL, CONFIG, HISTORY, FRAMES],
        next_command=_next_command(job),
    )
    if terminal.json:
        terminal.result(verbatim(""), document)
    elif not terminal.quiet:
        terminal.err.print(last_word(outcome))


def _next_command(job: Job) -> str:
    """What most people want to type after this training."""
    if split_to_evaluate(job.dataset)[0] != "train":
        return "mltrain evaluate"
    first = job.dataset.train.x[0]
    return (
        f"mltrain predict --x {','.join(f'{number:g}' for number in first.flat)}"
        if first.size <= 8
        else "mltrain evaluate"
    )
